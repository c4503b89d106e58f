"""Server-sent events, read by hand in bytes: tokens arrive this way, so every microsecond counts.

The format is that of the HTML standard, section 9.2.6 («Interpreting an event stream»).
"""

from __future__ import annotations

from dataclasses import dataclass

# Bytes of one event. Nothing we read comes near it; a peer that never ends an event must not fill the memory.
LARGEST_EVENT = 8 * 1024 * 1024
BOM = b"\xef\xbb\xbf"


class OversizedEventError(ValueError):
    """An event longer than LARGEST_EVENT."""


@dataclass(frozen=True, slots=True)
class ServerEvent:
    """One event; a field that was not sent is empty."""

    data: bytes
    event: str = ""
    id: str = ""


class EventSplitter:
    """Cuts a byte stream into events, wherever the network cut it.

    What `feed` returns does not depend on how the bytes were divided among the calls. Events come
    back as their lines without the empty line at the end, line ends normalised to `\\n`; comments
    are left in, and an event of nothing but comments is returned too.
    """

    __slots__ = ("_started", "_tail")

    def __init__(self) -> None:
        self._tail = b""
        self._started = False

    def feed(self, chunk: bytes) -> list[bytes]:
        """The events that `chunk` completes."""
        buffer = self._tail + chunk if self._tail else chunk
        if not self._started:
            buffer = self._without_bom(buffer)
        held = b""
        if b"\r" in buffer:
            if buffer.endswith(b"\r"):  # perhaps the first half of \r\n
                buffer, held = buffer[:-1], b"\r"
            buffer = buffer.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        blocks = buffer.split(b"\n\n")
        self._tail = blocks.pop() + held
        if len(self._tail) > LARGEST_EVENT:
            raise OversizedEventError(f"an event of more than {LARGEST_EVENT} bytes")
        return blocks

    def rest(self) -> bytes:
        """What came after the last whole event. The standard drops it; servers that forget the last line end exist."""
        return self._tail.replace(b"\r", b"\n").strip(b"\n")

    def _without_bom(self, buffer: bytes) -> bytes:
        if len(buffer) < len(BOM) and BOM.startswith(buffer):
            return buffer
        self._started = True
        return buffer.removeprefix(BOM)


def payload(block: bytes) -> bytes | None:
    """An event's data, its lines joined with `\\n`; None when it has no data (a comment, a ping)."""
    if block.startswith(b"data: ") and b"\n" not in block:
        return block[6:]
    lines = [_value(line) for line in block.split(b"\n") if line == b"data" or line.startswith(b"data:")]
    return b"\n".join(lines) if lines else None


def parse(block: bytes) -> ServerEvent | None:
    """The whole event; None when it has no data."""
    data = payload(block)
    if data is None:
        return None
    fields = {"event": "", "id": ""}
    for line in block.split(b"\n"):
        name = line.partition(b":")[0].decode(errors="replace")
        if name in fields:
            fields[name] = _value(line).decode(errors="replace")
    return ServerEvent(data, **fields)


def is_event_stream(block: bytes) -> bool:
    """Whether these lines could have come from a server that speaks this format at all."""
    known = (b"", b"data", b"event", b"id", b"retry")
    return all(line.partition(b":")[0] in known for line in block.split(b"\n"))


def _value(line: bytes) -> bytes:
    return line.partition(b":")[2].removeprefix(b" ")
