"""One child process, from its start to its end; what it says is kept."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
from contextlib import suppress
from pathlib import Path

from .launch import HOST, PORT, Launch
from .reasons import why

KEPT = 64 * 1024  # bytes of the last that was said
LOG_SIZE = 4 * 1024 * 1024  # bytes of the log file, after which it becomes `.1` and the old `.1` is gone
GRACE = 5.0  # seconds from SIGTERM to SIGKILL
# Written at once, but perhaps in the middle of a line: llama.cpp's own threads write theirs piece by piece.
ANNOUNCED = re.compile(rb'\{"url": "([^"]+)"')
LAST_WORDS = 2.0  # seconds to read what a dead process left in its pipe; a grandchild may hold it open


class Log:
    """The last KEPT bytes in memory, more of it in a file. A disk that is full costs the file, not the child."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._tail = bytearray()

    def add(self, data: bytes) -> None:
        self._tail += data
        del self._tail[:-KEPT]
        with suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            if self._path.exists() and self._path.stat().st_size + len(data) > LOG_SIZE:
                self._path.replace(self._path.with_suffix(self._path.suffix + ".1"))
            with self._path.open("ab") as file:
                file.write(data)

    @property
    def text(self) -> str:
        return self._tail.decode("utf-8", "replace")


class Child:
    """A started process. It dies with this one, as host.py says, and holds a session of its own."""

    def __init__(self, process: asyncio.subprocess.Process, log: Log, url: str) -> None:
        self._process = process
        self._log = log
        self._url: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        if url:
            self._url.set_result(url)
        assert process.stdout is not None
        self._reading = asyncio.create_task(self._read(process.stdout), name="llama log")
        self.ended = asyncio.create_task(process.wait(), name="llama process")

    @classmethod
    async def start(cls, launch: Launch) -> Child:
        """Raises OSError when it cannot be started at all. Cancelled, it leaves nothing of it behind."""
        starting = asyncio.create_task(cls._start(launch), name="llama start")
        try:
            return await asyncio.shield(starting)
        except asyncio.CancelledError:  # asyncio would end the process, but not what that has started
            await asyncio.wait([starting])
            if starting.exception() is None:
                await starting.result().stop()
            raise

    @classmethod
    async def _start(cls, launch: Launch) -> Child:
        port = 0 if launch.announces else free_port()
        process = await asyncio.create_subprocess_exec(
            *(str(port) if argument == PORT else argument for argument in launch.argv),
            env=launch.env,
            stdin=asyncio.subprocess.PIPE,  # closed when we end, however we end
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C in a terminal is for us: we stop it in good order
        )
        return cls(process, Log(launch.log), f"http://{HOST}:{port}" if port else "")

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return not self.ended.done()

    async def url(self) -> str:
        """Where it serves; waits until it says so, for ever when it never does."""
        return await asyncio.shield(self._url)

    def why(self) -> str:
        """Why it ended, in a Russian sentence."""
        return why(self._log.text, self._process.returncode)

    async def wait(self) -> None:
        """Until it has ended and all that it said is kept."""
        await asyncio.shield(self.ended)
        await asyncio.wait([self._reading], timeout=LAST_WORDS)

    async def stop(self) -> None:
        """Ended when this returns, its whole session with it; SIGTERM first, then what nobody survives."""
        if self.alive:
            self._signal(signal.SIGTERM)
            await asyncio.wait([self.ended], timeout=GRACE)
        self._signal(signal.SIGKILL)  # what the child itself started, and has not ended with it
        await self.ended
        self._reading.cancel()
        await asyncio.wait([self._reading])
        self._url.cancel()
        if self._process.stdin is not None:
            self._process.stdin.close()

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)

    async def _read(self, stream: asyncio.StreamReader) -> None:
        """Bounded whatever comes: pieces, not lines."""
        begun = b""  # of the first lines, while the address is awaited
        while data := await stream.read(16 * 1024):
            self._log.add(data)
            if not self._url.done():
                begun = (begun + data)[-KEPT:]
                self._find_url(begun)

    def _find_url(self, said: bytes) -> None:
        if found := ANNOUNCED.search(said):
            self._url.set_result(found[1].decode())


def free_port() -> int:
    """One that nobody has now. Another may take it before the child does; then it dies, and is given another."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
