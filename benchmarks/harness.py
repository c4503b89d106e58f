"""What the benchmarks share: the machine in words, processes with their CPU time, a bare HTTP client.

The client is deliberately poor: its CPU must not be what is measured.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import os
import platform
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
TICK = os.sysconf("SC_CLK_TCK")


def machine() -> str:
    """One line that says what the figures were taken on, and when."""
    model = "unknown CPU"
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists() and (found := re.search(r"model name\s*:\s*(.+)", cpuinfo.read_text())):
        model = found[1]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    now = dt.datetime.now(dt.UTC).strftime("%Y-%m-%d %H:%M UTC")
    return f"{now}; {os.cpu_count()} × {model}, {memory:.0f} GiB; {platform.system()} {platform.release()}; Python {platform.python_version()}"


@dataclass(frozen=True, slots=True)
class Process:
    """A child whose CPU time and memory can be read."""

    url: str
    pid: int

    def cpu(self) -> float:
        """Seconds of CPU, user and system, of the process so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICK

    def rss(self) -> float:
        """MiB resident."""
        return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


@contextmanager
def process(command: Sequence[str], pattern: str, env: Mapping[str, str] | None = None) -> Iterator[Process]:
    """Start a command whose first line that matches `pattern` tells its URL; end it afterwards."""
    with tempfile.TemporaryFile() as errors:
        child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, env={**os.environ, **(env or {})}, cwd=ROOT)
        try:
            assert child.stdout is not None
            for line in child.stdout:
                if found := re.search(pattern, line.decode()):
                    yield Process(found[1], child.pid)
                    return
            errors.seek(0)
            raise RuntimeError(f"{command} did not start: {errors.read().decode()[-2000:]}")
        finally:
            child.send_signal(signal.SIGTERM)
            try:
                child.wait(10)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()


@contextmanager
def server(data_dir: Path, **settings: str) -> Iterator[Process]:
    """`advakod serve` on a free port."""
    env = {"ADVAKOD_DATA_DIR": str(data_dir), "ADVAKOD_ENV_FILE": os.devnull, "ADVAKOD_LOG_LEVEL": "warning", **settings}
    with process([sys.executable, "-m", "advakod", "serve", "--port", "0"], r"(http://[\d.:]+)", env) as running:
        yield running


@contextmanager
def upstream(*arguments: str) -> Iterator[Process]:
    """The tests' OpenAI-compatible server."""
    with process([sys.executable, str(ROOT / "tests/support/fake_openai.py"), "--port", "0", *arguments], r"(http://[\d.:]+)") as running:
        yield running


class Connection:
    """One HTTP/1.1 connection; requests one after another."""

    def __init__(self, url: str) -> None:
        host, _, port = url.removeprefix("http://").split("/")[0].partition(":")
        self._address = (host, int(port))

    async def __aenter__(self) -> Connection:
        self._reader, self._writer = await asyncio.open_connection(*self._address, limit=1 << 22)
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._writer.close()

    def send(self, method: str, path: str, body: Any = None) -> None:
        data = b"" if body is None else json.dumps(body).encode()
        head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n"
        self._writer.write(head.encode() + data)

    async def until(self, marker: bytes) -> bytes:
        """Everything up to and with a marker in the raw answer."""
        return await self._reader.readuntil(marker)

    async def json(self) -> Any:
        head = await self._reader.readuntil(b"\r\n\r\n")
        if found := re.search(rb"content-length: (\d+)", head, re.I):
            return json.loads(await self._reader.readexactly(int(found[1])))
        body = b""
        while size := int(await self._reader.readline(), 16):
            body += (await self._reader.readexactly(size + 2))[:-2]
        await self._reader.readline()
        return json.loads(body)


def percentile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def report(title: str, figures: Mapping[str, Any]) -> None:
    """Print figures as one JSON object below the machine's line."""
    print(f"# {title}\n# {machine()}")
    print(json.dumps(figures, ensure_ascii=False, indent=1))


def now() -> float:
    return time.perf_counter()
