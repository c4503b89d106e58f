"""A thousand readers on one run, half of them slow or gone: the run keeps its pace, the server its size."""

from __future__ import annotations

import asyncio
import re
import resource
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.e2e.conftest import Serve
from tests.e2e.wire import ask, status_of, text_of, whole_log
from tests.support.server import ServerProcess

GOOD, SLOW, GONE = 500, 250, 250
TOKENS = 60
RATE = 8  # tokens a second: 8,000 events a second over all readers
TOKEN = "слово" * 150  # 1.5 KB: the text is longer than what the kernel keeps for a reader that never reads
TEXT = " ".join(f"{number}{TOKEN}" for number in range(TOKENS))
SMALL_BUFFER = 4096  # bytes the kernel keeps for a slow reader
GROWS_AT_MOST = 200  # MB for a thousand connections and what their buffers hold; each with a log of its own: 450
FILES = 8_192  # open at once in this process
FEW = 512  # under which the server is started: it must raise the limit itself (Debian's is 1,024)


@pytest.fixture
def many_files() -> Iterator[None]:
    """A thousand sockets on each side. What is started before `_allow(FILES)` begins with few."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 2 * (GOOD + SLOW + GONE):
        pytest.skip(f"no more than {hard} open files are allowed here")
    _allow(FEW)
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.usefixtures("many_files")
def test_readers_do_not_slow_a_run(serve: Serve) -> None:
    server = serve(TEXT, tokens_per_second=RATE)
    _allow(FILES)
    ask(server)  # what is loaded once is loaded now
    before = _megabytes(server, "VmRSS")
    run_id = ask(server)
    asyncio.run(_crowd(server, run_id))
    response = status_of(server, run_id)
    assert text_of(response) == TEXT
    assert _megabytes(server, "VmHWM") - before <= GROWS_AT_MOST
    assert whole_log(server, run_id)[-1].type == "response.completed"  # and it still answers


def _allow(files: int) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (files if hard == resource.RLIM_INFINITY else min(files, hard), hard))


async def _crowd(server: ServerProcess, run_id: str) -> None:
    """Read with all of them until the good ones have the whole run."""
    stay = asyncio.Event()
    others = [asyncio.create_task(_slow(server, run_id, stay)) for _ in range(SLOW)]
    others += [asyncio.create_task(_gone(server, run_id)) for _ in range(GONE)]
    texts = await asyncio.gather(*(_good(server, run_id) for _ in range(GOOD)))
    stay.set()
    await asyncio.gather(*others)
    assert {text.count(b'"response.output_text.delta"') > 0 for text in texts} == {True}
    assert len({_bodies(text) for text in texts}) == 1
    assert b'"type":"response.completed"' in texts[0]


def _bodies(stream: bytes) -> tuple[bytes, ...]:
    return tuple(re.findall(rb"^data: (.*)$", stream, re.MULTILINE))


async def _connect(server: ServerProcess, run_id: str, buffer: int = 0) -> socket.socket:
    address = urlsplit(server.url)
    connection = socket.socket()
    connection.setblocking(False)
    if buffer:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(connection, (address.hostname, address.port))
    head = f"GET /v1/responses/{run_id}?stream=true HTTP/1.1\r\nHost: {address.netloc}\r\nConnection: close\r\n\r\n"
    await loop.sock_sendall(connection, head.encode())
    return connection


async def _good(server: ServerProcess, run_id: str) -> bytes:
    """Reads everything."""
    chunks: list[bytes] = []
    with await _connect(server, run_id) as connection:
        while chunk := await asyncio.get_running_loop().sock_recv(connection, 1 << 16):
            chunks.append(chunk)
    return re.sub(rb"\r\n[0-9a-f]+\r\n", b"", b"".join(chunks))  # chunked encoding


async def _slow(server: ServerProcess, run_id: str, stay: asyncio.Event) -> None:
    """Reads the beginning and then nothing, and stays."""
    with await _connect(server, run_id, SMALL_BUFFER) as connection:
        await asyncio.get_running_loop().sock_recv(connection, 64)
        await stay.wait()


async def _gone(server: ServerProcess, run_id: str) -> None:
    """Goes away in the middle of the first events, without a goodbye."""
    with await _connect(server, run_id) as connection:
        await asyncio.get_running_loop().sock_recv(connection, 64)


def _megabytes(server: ServerProcess, what: str) -> float:
    status = Path(f"/proc/{server.pid}/status").read_text()
    found = re.search(rf"^{what}:\s+(\d+) kB", status, re.MULTILINE)
    assert found
    return int(found[1]) / 1024
