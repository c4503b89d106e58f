"""Requests to one address. Whatever goes wrong with them is an EngineError."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import aiohttp
import orjson

from ..chat_stream import refusal
from ..errors import EngineLostError, EngineRefusedError, EngineRubbishError, EngineUnreachableError

CONNECT = 10.0  # seconds to reach a server; one on the same network needs milliseconds
ASK = 5.0  # seconds that a question about the server itself may take
RETRIES = 3  # of a server that says it is busy
LONGEST_WAIT = 30.0  # seconds of Retry-After that are obeyed
LONGEST_DOCUMENT = 64 * 1024 * 1024  # bytes of an answer that is no stream; 64 embeddings are 2 MB
LONGEST_REFUSAL = 1024 * 1024  # bytes of an error
BUSY = (429, 503)


class WordlessError(EngineLostError):
    """The connection was closed before a byte of the answer."""


class Http:
    """One address. Every answer has a connection of its own: none is stale, and 0.1 ms is little beside an answer.

    How many there are at once is the caller's to say.
    """

    def __init__(self, url: str, key: str = "", *, connect: float = CONNECT, read: float = ASK) -> None:
        self.url = url.rstrip("/")
        self.root = self.url.removesuffix("/v1")  # where servers keep what is not OpenAI's
        self._key = key
        self._timeout = aiohttp.ClientTimeout(total=None, connect=connect, sock_read=read)
        self._session: aiohttp.ClientSession | None = None

    async def start(self) -> None:
        """Asks nothing."""
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, force_close=True),
            timeout=self._timeout,
            headers={"Accept-Encoding": "identity", **({"Authorization": f"Bearer {self._key}"} if self._key else {})},
            auto_decompress=False,  # compressed tokens would wait for each other
        )

    async def stop(self) -> None:
        """Idempotent."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def post(self, url: str, body: dict[str, Any]) -> aiohttp.ClientResponse:
        """An answer's head; sent once more when the connection is closed without a word. The caller closes it."""
        try:
            return await self._request("POST", url, body)
        except WordlessError:  # a server, or a balancer before it, that is being restarted
            return await self._request("POST", url, body)

    async def ask(self, url: str, body: dict[str, Any] | None = None, *, within: float = ASK) -> Any:
        """The JSON at `url`; a POST when there is a body. Sent once."""
        try:
            async with asyncio.timeout(within):
                return await read_json(await self._request("GET" if body is None else "POST", url, body))
        except TimeoutError as error:
            raise EngineUnreachableError(f"{shown(url)} got no answer in {within:g} s") from error

    async def _request(self, method: str, url: str, body: dict[str, Any] | None) -> aiohttp.ClientResponse:
        if self._session is None:
            raise EngineUnreachableError("the engine is not started")
        try:
            return await self._session.request(
                method,
                url,
                data=None if body is None else orjson.dumps(body),
                headers={"Content-Type": "application/json"},
                allow_redirects=False,  # the key is for this server only
            )
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL) as error:
            raise EngineUnreachableError(repr(error)) from error
        except aiohttp.ServerTimeoutError as error:
            raise EngineLostError(repr(error)) from error
        except (aiohttp.ClientConnectionError, OSError) as error:
            raise WordlessError(repr(error)) from error
        except aiohttp.ClientError as error:
            raise EngineRubbishError(repr(error)) from error


async def read_json(response: aiohttp.ClientResponse) -> Any:
    """The whole answer; closes it."""
    try:
        if response.status != 200:
            raise await refused(response)
        return orjson.loads(await _document(response, LONGEST_DOCUMENT))
    except ValueError as error:
        raise EngineRubbishError("the answer is not JSON") from error
    except (aiohttp.ClientError, OSError) as error:
        raise EngineLostError(repr(error)) from error
    finally:
        response.close()


async def refused(response: aiohttp.ClientResponse) -> EngineRefusedError:
    """The error that this answer is; closes it."""
    try:
        async with asyncio.timeout(ASK):
            body = await _document(response, LONGEST_REFUSAL)
    except (aiohttp.ClientError, OSError):  # the status says enough
        body = b""
    finally:
        response.close()
    try:
        said = orjson.loads(body)
    except ValueError:
        said = body.decode(errors="replace")
    return refusal(said, response.status)


async def _document(response: aiohttp.ClientResponse, longest: int) -> bytes:
    """The whole body, or its first `longest` bytes."""
    body = bytearray()
    while len(body) < longest and (chunk := await response.content.readany()):
        body += chunk
    return bytes(body)


def wait_of(response: aiohttp.ClientResponse, attempt: int) -> float:
    """Seconds until a busy server is asked again: what it says, else doubling with jitter."""
    try:
        return min(LONGEST_WAIT, max(0.0, float(response.headers["Retry-After"])))
    except (KeyError, ValueError):
        return float(2**attempt * random.uniform(0.25, 0.5))


def status_of(error: BaseException) -> int:
    """The HTTP status behind an error; 0: none."""
    status = getattr(error, "facts", {}).get("status")
    return status if isinstance(status, int) else 0


def shown(url: str) -> str:
    """Without a name and a password."""
    scheme, mark, rest = url.partition("://")
    if not mark:
        return url
    host, slash, path = rest.partition("/")
    return scheme + mark + host.rpartition("@")[2] + slash + path
