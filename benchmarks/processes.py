"""The processes that are measured: started on free ports, their CPU time and memory read from outside."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from benchmarks.harness import ROOT

SCRATCH = ROOT / "build" / "bench"  # on the disk that the project is on: a RAM disk would hide what durability costs
STARTS_WITHIN = 120.0  # seconds
CPUCLOCK_SCHED = 2  # see clock_getcpuclockid: the clock of another process, in nanoseconds


@dataclass(frozen=True)
class Process:
    """A child whose CPU time and memory can be read."""

    url: str
    pid: int
    started: float  # time.monotonic()

    @cached_property
    def _clock(self) -> int:
        return (~self.pid << 3) | CPUCLOCK_SCHED

    def cpu(self) -> float:
        """Seconds of CPU of the process so far: user and system, all threads, those that have ended included."""
        return time.clock_gettime(self._clock)

    def memory(self, line: str = "VmRSS") -> float:
        """MB (10⁶ bytes) of a line of /proc/…/status: VmRSS, VmHWM (the peak), RssAnon (not shared with files)."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        found = re.search(rf"{line}:\s+(\d+) kB", status)
        assert found is not None
        return int(found[1]) * 1024 / 1e6


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder for one measurement."""
    SCRATCH.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=SCRATCH) as folder:
        yield Path(folder)


@contextmanager
def process(command: Sequence[str], pattern: str, env: Mapping[str, str] | None = None) -> Iterator[Process]:
    """Start a command; a line of its output that matches `pattern` tells its URL; end it afterwards."""
    with tempfile.NamedTemporaryFile() as output:
        started = time.monotonic()
        child = subprocess.Popen(command, stdout=output, stderr=output, env={**os.environ, **(env or {})}, cwd=ROOT)
        try:
            yield Process(_told(Path(output.name), pattern, child), child.pid, started)
        finally:
            child.send_signal(signal.SIGTERM)
            try:
                child.wait(20)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()


def _told(output: Path, pattern: str, child: subprocess.Popen[bytes]) -> str:
    deadline = time.monotonic() + STARTS_WITHIN
    while True:
        said = output.read_text(errors="replace")
        if found := re.search(pattern, said):
            return found[1]
        if child.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"{child.args!r} did not start: {said[-2000:]}")
        time.sleep(0.005)


@contextmanager
def server(data_dir: Path, **settings: str) -> Iterator[Process]:
    """`advakod serve` on a free port, with nothing set but `settings`."""
    env = {
        "ADVAKOD_DATA_DIR": str(data_dir),
        "ADVAKOD_ENV_FILE": os.devnull,
        "ADVAKOD_LOG_LEVEL": "warning",
        **settings,
    }
    with process([sys.executable, "-m", "advakod", "serve", "--port", "0"], r"(http://[\d.:]+)", env) as running:
        yield running


@contextmanager
def upstream(tokens: int, rate: float = 0.0) -> Iterator[Process]:
    """The tests' OpenAI-compatible server; `rate` tokens a second, 0: full speed."""
    command = [sys.executable, str(ROOT / "tests/support/fake_openai.py"), "--tokens", str(tokens), "--rate", str(rate)]
    with process(command, r"(http://[\d.:]+)") as running:
        yield running


@contextmanager
def scripted(folder: Path, tokens: int, **settings: str) -> Iterator[Process]:
    """Our server with an engine that writes a set text, without any search."""
    script = folder / "script.toml"
    script.write_text(f'text = "{"".join(f"слово{n} " for n in range(tokens))}"\n')
    with server(folder / "var", ADVAKOD_ENGINE="scripted", ADVAKOD_SCRIPT=str(script), **settings) as running:
        yield running
