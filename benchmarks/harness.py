"""What the benchmarks share: figures beside their targets, processes with their CPU time, a bare HTTP client.

A benchmark is a folder with a `run.py` that ends in `sys.exit(main("name", measure))`. Every one takes
`--quick` (few rounds, to see that it works) and `--json`. The client is deliberately poor: its CPU must not
be what is measured.
"""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import datetime as dt
import json
import os
import platform
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SCRATCH = ROOT / "build" / "bench"  # on the disk that the project is on: a RAM disk would hide what durability costs
STARTS_WITHIN = 120.0  # seconds
CPUCLOCK_SCHED = 2  # see clock_getcpuclockid: the clock of another process, in nanoseconds


# -- figures ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number; with `most` or `least` it is held to a target."""

    what: str
    value: float
    unit: str = ""
    most: float | None = None
    least: float | None = None

    @property
    def reached(self) -> bool | None:
        """None when there is no target."""
        if self.most is None and self.least is None:
            return None
        return (self.most is None or self.value <= self.most) and (self.least is None or self.value >= self.least)

    @property
    def shown(self) -> str:
        return f"{number(self.value)} {self.unit}".strip()

    @property
    def target(self) -> str:
        bounds = [f"≤ {number(self.most)}"] if self.most is not None else []
        bounds += [f"≥ {number(self.least)}"] if self.least is not None else []
        return f"{' and '.join(bounds)} {self.unit}".strip() if bounds else ""

    @property
    def verdict(self) -> str:
        return {None: "", True: "reached", False: "MISSED"}[self.reached]


@dataclass(frozen=True, slots=True)
class Report:
    """What one benchmark found; `notes` say what bounds the figures and how they were taken."""

    title: str
    figures: Sequence[Figure]
    notes: Sequence[str] = ()
    machine: str = ""

    @property
    def reached(self) -> bool:
        return all(figure.reached is not False for figure in self.figures)

    def show(self) -> None:
        print(f"# {self.title}\n# {self.machine}")
        width = max((len(figure.what) for figure in self.figures), default=0)
        for figure in self.figures:
            target = f"(target {figure.target}: {figure.verdict})" if figure.target else ""
            print(f"  {figure.what:{width}}  {figure.shown:>14}  {target}".rstrip())
        for note in self.notes:
            print(f"  · {note}")

    def to_json(self) -> str:
        return json.dumps(dataclasses.asdict(self), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Report:
        facts = json.loads(text)
        return cls(**{**facts, "figures": [Figure(**figure) for figure in facts["figures"]]})


def number(value: float) -> str:
    """Three significant digits, no exponent."""
    if value == int(value):
        return f"{value:,.0f}".replace(",", " ")
    digits = next((digits for digits, least in enumerate((100, 10, 1)) if abs(value) >= least), 3)
    return f"{value:,.{digits}f}".replace(",", " ")


def machine() -> str:
    """One line that says what the figures were taken on, when, of which commit, and how busy it was."""
    model = "unknown CPU"
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists() and (found := re.search(r"model name\s*:\s*(.+)", cpuinfo.read_text())):
        model = found[1]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    now = dt.datetime.now(dt.UTC).strftime("%Y-%m-%d %H:%M UTC")
    return (
        f"{now}; {os.cpu_count()} × {model}, {memory:.0f} GiB; {platform.system()} {platform.release()}; "
        f"Python {platform.python_version()}; commit {_commit()}; load {os.getloadavg()[0]:.1f}"
    )


def _commit() -> str:
    git = shutil.which("git")
    if git is None:
        return "unknown"
    command = [git, "-C", str(ROOT), "describe", "--always", "--dirty=+"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip() or "unknown"


def percentile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def milliseconds(what: str, seconds: Sequence[float], most: float | None = None) -> list[Figure]:
    """The middle, which has the target, and the tail, which has none."""
    return [
        Figure(f"{what}, p50", statistics.median(seconds) * 1e3, "ms", most=most),
        Figure(f"{what}, p95", percentile(seconds, 0.95) * 1e3, "ms"),
    ]


def main(name: str, measure: Callable[[argparse.Namespace], Report], **options: Any) -> int:
    """A benchmark's command line; `options` are numbers with defaults. Exit status 1 when a target is missed."""
    parser = argparse.ArgumentParser(
        prog=f"python -m benchmarks.{name}.run", description=sys.modules["__main__"].__doc__
    )
    parser.add_argument("--quick", action="store_true", help="few rounds: see that it works")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of text")
    for option, default in options.items():
        parser.add_argument(f"--{option}", type=type(default), default=default)
    given = parser.parse_args()
    begun = machine()  # before the benchmark itself loads the machine
    report = dataclasses.replace(measure(given), machine=begun)
    if given.json:
        print(report.to_json())
    else:
        report.show()
    return 0 if report.reached else 1


# -- processes --------------------------------------------------------------------------------------


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


# -- the client -------------------------------------------------------------------------------------


class Connection:
    """One HTTP/1.1 connection; requests one after another."""

    def __init__(self, url: str) -> None:
        host, _, port = url.removeprefix("http://").split("/")[0].partition(":")
        self._address = (host, int(port))

    async def __aenter__(self) -> Connection:
        self._reader, self._writer = await asyncio.open_connection(*self._address, limit=1 << 24)
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._writer.close()

    def send(self, method: str, path: str, body: Any = None) -> None:
        data = b"" if body is None else json.dumps(body).encode()
        head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        self._writer.write(f"{head}Content-Length: {len(data)}\r\n\r\n".encode() + data)

    async def until(self, marker: bytes) -> bytes:
        """Everything up to and with a marker in the raw answer."""
        return await self._reader.readuntil(marker)

    async def status(self) -> int:
        """The status of an answer, whose head is read."""
        head = await self._reader.readuntil(b"\r\n\r\n")
        return int(head.split(b" ", 2)[1])


CREATED = b"event: response.created\n"
DELTA = b"event: response.output_text.delta\n"
COMPLETED = b"event: response.completed\n"
EVENT_END = b"\n\n"
LAST_CHUNK = b"0\r\n\r\n"


async def ask(url: str, question: str) -> None:
    """One streamed, durable answer to its end. Raises IncompleteReadError when it is not completed."""
    async with Connection(url) as connection:
        connection.send("POST", "/v1/responses", {"model": "advakod", "input": question, "stream": True})
        await connection.until(COMPLETED)
        await connection.until(EVENT_END)


async def chat(url: str, question: str, model: str = "fake") -> None:
    """One streamed answer of /v1/chat/completions to its end: of the upstream, of a proxy, or of ours."""
    async with Connection(url) as connection:
        message = {"role": "user", "content": question}
        connection.send("POST", "/v1/chat/completions", {"model": model, "stream": True, "messages": [message]})
        await connection.until(b"[DONE]")


@dataclass(frozen=True, slots=True)
class Spent:
    """What a number of questions cost."""

    cpu: float  # seconds of the measured process
    wall: float


async def together(asking: Callable[[str, str], Any], url: str, questions: int, measured: Process) -> Spent:
    """Ask so many questions at once."""
    cpu, begun = measured.cpu(), time.monotonic()
    await asyncio.gather(*(asking(url, f"Вопрос {n}: что делать?") for n in range(questions)))
    return Spent(measured.cpu() - cpu, time.monotonic() - begun)


def middle(values: Sequence[float]) -> float:
    return statistics.median(values)
