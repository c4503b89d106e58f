"""The built page in memory: a request costs no disk, and a build that goes on underneath changes nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from starlette.responses import Response

BUILT = Path(__file__).parent / "static"  # what the build leaves; absent where ADVAKOD_SKIP_WEB was set
SERVED = ("assets", "docs")  # folders of it whose files have an address

# What is not here has no address: source maps, licences, the build's own notes.
MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}
# `chat-BxK3_a9f.js`: the bundler's hash of the content. A word of eight small letters is no hash; a hash that
# looks like one only costs its file a question at each load.
HASHED = re.compile(r"-(?=[\w-]{8}\.)[\w-]*[A-Z\d][\w-]*\.\w+$")
FOREVER = "public, max-age=31536000, immutable"  # a year, the longest that caches honour
ASK_FIRST = "no-cache"  # kept, and asked about before each use

Headers = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class File:
    """One file as it may be sent."""

    body: bytes
    gzipped: bytes | None
    media_type: str
    digest: str
    cache: str

    @classmethod
    def read(cls, path: Path) -> File:
        """`path` with the `.gz` beside it, if there is one."""
        body, zipped = path.read_bytes(), path.with_name(path.name + ".gz")
        return cls(
            body=body,
            gzipped=zipped.read_bytes() if zipped.is_file() else None,
            media_type=MEDIA_TYPES[path.suffix],
            digest=sha256(body).hexdigest()[:32],
            cache=FOREVER if HASHED.search(path.name) else ASK_FIRST,
        )

    def respond(self, asked: Headers, more: Headers | None = None) -> Response:
        """As this client can take it, or 304 when it has just that; `more` headers in both.

        The two encodings have tags of their own: a strong tag promises the same bytes.
        """
        zipped = self.gzipped if accepts_gzip(asked.get("accept-encoding", "")) else None
        etag = f'"{self.digest}-gz"' if zipped is not None else f'"{self.digest}"'
        head = {"etag": etag, "cache-control": self.cache, **(more or {})}
        if self.gzipped is not None:
            head["vary"] = "accept-encoding"
        if is_known(asked.get("if-none-match", ""), etag):
            return Response(status_code=304, headers=head)
        head["content-type"] = self.media_type
        if zipped is not None:
            head["content-encoding"] = "gzip"
        return Response(self.body if zipped is None else zipped, headers=head)


@dataclass(frozen=True, slots=True)
class Site:
    """All that was built. Files are found by their whole address: there is no path to climb out of."""

    shell: File | None  # index.html; None: the page was not built
    files: Mapping[str, File]  # by address: `assets/index-BxK3_a9f.js`

    @classmethod
    def load(cls, folder: Path = BUILT) -> Site:
        """Reads everything; an absent folder is a site without a page, not an error."""
        index = folder / "index.html"
        found = [path for name in SERVED for path in sorted((folder / name).rglob("*"))]
        return cls(
            shell=File.read(index) if index.is_file() else None,
            files={
                path.relative_to(folder).as_posix(): File.read(path)
                for path in found
                if path.suffix in MEDIA_TYPES and path.is_file()
            },
        )


def accepts_gzip(accepted: str) -> bool:
    """What an Accept-Encoding header says of gzip; it has to name it."""
    for offer in accepted.lower().split(","):
        coding, _, weight = offer.partition(";")
        if coding.strip() == "gzip":
            return re.fullmatch(r"q=0(\.0*)?", weight.replace(" ", "")) is None
    return False


def is_known(known: str, etag: str) -> bool:
    """Whether an If-None-Match header names this tag, weak or strong (RFC 9110, 13.1.2)."""
    return known.strip() == "*" or etag in (tag.strip().removeprefix("W/") for tag in known.split(","))
