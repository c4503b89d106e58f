"""The index in force: built when it is missing, rebuilt when it is old, shared by threads and processes."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
import time
from contextlib import suppress
from functools import partial
from pathlib import Path

from ..law.guide import Guide, load_guide
from ..storage.database import Database
from . import generations
from .build import build, source_of
from .errors import IndexUnusableError, LockBusyError
from .generations import Manifest, Source
from .snapshot import Snapshot

log = logging.getLogger(__name__)

FRESH_FOR = 1.0  # seconds between two looks at the database; a look costs about 0.2 ms
SETTLED_AFTER = 2.0  # seconds: an ingest of many files is followed by one rebuild, not by one a file
RETRY_AFTER = 30.0  # seconds: a build behind the server's back that fails is not tried again at once
OTHER_BUILDER = 600.0  # seconds that another process's build is waited for
POLL = 0.1  # seconds


class Index:
    """Gives the current snapshot.

    With `background`, an old index serves until a child process has built the new one, so that
    streams of this process keep moving; without, `current` returns a fresh one. A missing index is
    always waited for. Two processes never build at once; the one that waited uses the other's.
    """

    def __init__(
        self, database: Database, data_dir: Path, *, guide: Guide | None = None, background: bool = False
    ) -> None:
        self.root = data_dir / "index"
        self.guide = guide or load_guide()
        self._database = database
        self._background = background
        self._lock = threading.Lock()
        self._snapshot: Snapshot | None = None
        self._checked = float("-inf")
        self._awaited: Source | None = None  # what a build behind the back is to bring…
        self._build_at = 0.0  # …and when it may start
        self._child: subprocess.Popen[bytes] | None = None

    def current(self) -> Snapshot:
        """The snapshot to search in."""
        snapshot = self._snapshot
        if snapshot is not None and time.monotonic() - self._checked < FRESH_FOR:
            return snapshot
        with self._lock:
            return self._check()

    def refresh(self) -> Manifest:
        """Make the index fresh now, whatever `background` says."""
        with self._lock:
            return self._settle(self._wanted()).manifest

    def rebuild(self) -> Manifest:
        """Build a new generation though the current one may be fresh. Raises LockBusyError."""
        manifest = build(self._database, self.root, self.guide)
        assert manifest is not None  # it was asked for in any case
        with self._lock:
            self._open_newest()
        return manifest

    def close(self) -> None:
        """Let go of the snapshot and end a build under way in a child process; the next start builds. Idempotent."""
        with self._lock:
            self._snapshot = None
            child, self._child = self._child, None
        if child is not None:
            child.kill()
            child.wait()

    def _check(self) -> Snapshot:
        if self._snapshot is not None and time.monotonic() - self._checked < FRESH_FOR:
            return self._snapshot  # another thread looked while this one waited
        snapshot, wanted = self._open_newest(), self._wanted()
        if snapshot is None or (not self._background and snapshot.manifest.source != wanted):
            snapshot = self._settle(wanted)
        elif snapshot.manifest.source != wanted:
            self._rebuild_behind(wanted)
        self._checked = time.monotonic()
        return snapshot

    def _wanted(self) -> Source:
        with self._database.reading() as connection:
            return source_of(connection, self.guide)

    def _settle(self, wanted: Source) -> Snapshot:
        """Wait for an index of this source: another process's, or our own, built once of what is loaded then."""
        deadline = time.monotonic() + OTHER_BUILDER
        while not self._is_built(wanted):
            try:
                build(self._database, self.root, self.guide, unneeded=partial(self._is_built, wanted))
                break
            except LockBusyError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(POLL)
                wanted = self._wanted()  # the other may be building what has come since
        snapshot = self._open_newest()
        if snapshot is None:
            raise IndexUnusableError("an index just built cannot be opened")
        return snapshot

    def _is_built(self, wanted: Source) -> bool:
        snapshot = self._open_newest()
        return snapshot is not None and snapshot.manifest.source == wanted

    def _open_newest(self) -> Snapshot | None:
        folder = generations.newest(self.root)
        if folder is None:
            self._snapshot = None
        elif self._snapshot is None or self._snapshot.folder != folder:
            self._snapshot = self._open(folder)
        return self._snapshot

    def _open(self, folder: Path) -> Snapshot | None:
        try:
            return Snapshot(folder)
        except IndexUnusableError as error:
            log.warning("index %s is unusable and will be rebuilt: %s", folder, error)
            return None

    def _rebuild_behind(self, wanted: Source) -> None:
        now = time.monotonic()
        if self._awaited != wanted:
            self._awaited, self._build_at = wanted, now + SETTLED_AFTER
        if now >= self._build_at and (self._child is None or self._child.poll() is not None):
            self._build_at = now + RETRY_AFTER
            self._child = self._start_child()

    def _start_child(self) -> subprocess.Popen[bytes]:
        url = self._database.url.render_as_string(hide_password=False)
        child = subprocess.Popen(
            [sys.executable, "-c", "from advakod.search.build import main; main()"], stdin=subprocess.PIPE
        )
        assert child.stdin is not None
        with suppress(BrokenPipeError), child.stdin:  # one that has died already is seen by `poll`
            child.stdin.write(f"{url}\n{self.root}".encode())  # not in the arguments: the URL may hold a password
        return child
