"""The event-stream format, however the network cuts it."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from advakod.client.sse import (
    LARGEST_EVENT,
    EventSplitter,
    OversizedEventError,
    ServerEvent,
    is_event_stream,
    parse,
    payload,
)

STREAM = (
    "\ufeffdata: первый\n\n"
    ": ping\ndata: второй\nid: 7\n\n"
    "event: delta\r\ndata: третий\r\ndata:  с отступом\r\n\r\n"
    ": ping\n\n"
    "data\n\n"
    "retry: 100\rdata:четвёртый\r\r"
    "data: без конца"
)
EXPECTED = [
    ServerEvent("первый".encode()),
    ServerEvent("второй".encode(), id="7"),
    ServerEvent("третий\n с отступом".encode(), event="delta"),
    None,
    ServerEvent(b""),
    ServerEvent("четвёртый".encode()),
]


def read(chunks: list[bytes]) -> list[ServerEvent | None]:
    splitter = EventSplitter()
    return [parse(block) for chunk in chunks for block in splitter.feed(chunk)]


def test_reads_every_form_of_an_event() -> None:
    assert read([STREAM.encode()]) == EXPECTED


@settings(deadline=None)  # machines are slow at times
@given(st.lists(st.integers(0, len(STREAM.encode())), max_size=40))
def test_the_cuts_of_the_network_change_nothing(cuts: list[int]) -> None:
    data = STREAM.encode()
    edges = [0, *sorted(cuts), len(data)]
    assert read([data[a:b] for a, b in itertools.pairwise(edges)]) == EXPECTED


def test_byte_by_byte() -> None:
    assert read([bytes([byte]) for byte in STREAM.encode()]) == EXPECTED


def test_what_follows_the_last_whole_event_is_the_rest() -> None:
    splitter = EventSplitter()
    splitter.feed(b"data: 1\n\ndata: 2\n")
    assert splitter.rest() == b"data: 2"


def test_a_ping_has_no_data() -> None:
    assert payload(b": ping") is None
    assert payload(b": ping\ndata: {}") == b"{}"


def test_an_event_without_end_is_refused() -> None:
    splitter = EventSplitter()
    with pytest.raises(OversizedEventError):
        splitter.feed(b"x" * (LARGEST_EVENT + 1))


def test_tells_an_event_stream_from_a_page() -> None:
    assert is_event_stream(b": ping\nid: 1\ndata: {}")
    assert not is_event_stream(b"<!doctype html>\n<html>")
