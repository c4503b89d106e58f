"""A TCP hop on loopback that fails as networks do: it cuts, refuses, or swallows everything and says nothing.

    with Cutter(server.url) as hop:
        page.goto(hop.url)
        hop.cut()       # every connection is reset; new ones pass
        hop.refuse()    # as well, and new ones are refused
        hop.swallow()   # every connection stays open, and nothing passes it ever again, nor new ones
        hop.mend()      # new connections pass

It knows nothing of HTTP: what passes is what was sent, and nobody sees that a hop is there.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections.abc import Callable
from typing import Self
from urllib.parse import urlsplit

ANSWERS_WITHIN = 30.0  # seconds for whatever it is told to do
PIECE = 64 * 1024  # bytes read at once
RESET = struct.pack("ii", 1, 0)  # SO_LINGER of no time: RST, not FIN


class Cutter:
    """Forwards a port of its own to `url`. It keeps its address over everything; commands return when they are done."""

    def __init__(self, url: str) -> None:
        self._to = urlsplit(url)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="cutter")
        self._server: asyncio.Server | None = None
        self._links: set[Link] = set()
        self._swallows = False
        self._port = 0
        self.swallowed = 0  # connections and pieces that came from clients and went nowhere

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def __enter__(self) -> Self:
        self._thread.start()
        self._tell(self._listen)
        return self

    def __exit__(self, *exc: object) -> None:
        self._tell(self._close)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def cut(self) -> None:
        """Reset every connection, as a restarted proxy or a new address would."""
        self._tell(self._cut)

    def refuse(self) -> None:
        """Reset every connection, and refuse all that come until `mend`."""
        self._tell(self._close)

    def swallow(self) -> None:
        """Nothing passes any more, and nobody is told: a phone in a tunnel. Also for connections that come."""
        self._tell(self._swallow)

    def mend(self) -> None:
        """New connections pass. Those that were swallowed stay dead, as behind a router that has forgotten them."""
        self._tell(self._mend)

    # -- in the loop's thread ------------------------------------------------------------------------

    def _tell(self, what: Callable[[], object]) -> None:
        async def do() -> None:
            made = what()
            if asyncio.iscoroutine(made):
                await made

        asyncio.run_coroutine_threadsafe(do(), self._loop).result(ANSWERS_WITHIN)

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._take, "127.0.0.1", self._port, backlog=128)
        self._port = self._server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        if self._server is not None:
            self._server.close()
        self._server = None
        await self._cut()

    async def _cut(self) -> None:
        for link in list(self._links):
            link.reset()
        while self._links:  # noqa: ASYNC110  # a turn or two of the loop
            await asyncio.sleep(0)

    def _swallow(self) -> None:
        self._swallows = True
        for link in self._links:
            link.dead = True

    async def _mend(self) -> None:
        self._swallows = False
        if self._server is None:
            await self._listen()

    def _lost(self) -> None:
        self.swallowed += 1

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        link = Link(writer, self._lost, dead=self._swallows)
        self._links.add(link)
        try:
            await link.carry(reader, str(self._to.hostname), self._to.port or 80)
        finally:
            link.close()
            self._links.discard(link)


class Link:
    """One connection through the hop. `dead`: what comes is read and thrown away, its end included."""

    def __init__(self, client: asyncio.StreamWriter, lost: Callable[[], None], *, dead: bool) -> None:
        self.dead = dead
        self._lost = lost
        self._writers = [client]
        self._over = asyncio.Event()

    async def carry(self, client: asyncio.StreamReader, host: str, port: int) -> None:
        """Until it is reset or, unless it is dead, one end closes."""
        if self.dead:
            self._lost()
            await self._over.wait()
            return
        try:
            server, to_server = await asyncio.open_connection(host, port)
        except OSError:
            return  # the server is away: whoever came is reset
        self._writers.append(to_server)
        async with asyncio.TaskGroup() as pumps:
            tasks = [
                pumps.create_task(self._pump(client, to_server)),
                pumps.create_task(self._pump(server, self._writers[0])),
            ]
            await self._over.wait()
            for task in tasks:
                task.cancel()

    def reset(self) -> None:
        """Both ends at once, whatever is under way. Idempotent."""
        for writer in self._writers:
            taken = writer.get_extra_info("socket")
            if taken is not None and taken.fileno() != -1:
                taken.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            writer.transport.abort()
        self._over.set()

    def close(self) -> None:
        """Both ends, after what was written to them."""
        for writer in self._writers:
            writer.close()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(PIECE):
                if not self.dead:
                    writer.write(data)
                    await writer.drain()
                elif writer is not self._writers[0]:
                    self._lost()
        except OSError:
            pass  # an end was reset
        if not self.dead:
            writer.close()  # after what was written
            self._over.set()
