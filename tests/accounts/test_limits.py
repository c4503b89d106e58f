"""The limit of failures, on a clock of the test's own."""

from __future__ import annotations

import pytest

from advakod.accounts.errors import SignInLimitError
from advakod.accounts.limits import MOST_PEERS, FailureLimit


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_the_peer_waits_until_the_oldest_failure_is_out_of_the_window() -> None:
    clock = Clock()
    limit = FailureLimit(most=3, window=60, clock=clock)
    for clock.now in (0.0, 10.0, 20.0):
        limit.check("peer")
        limit.failed("peer")
    with pytest.raises(SignInLimitError) as caught:
        limit.check("peer")
    assert caught.value.facts["retry_after"] == 40
    assert "40" in caught.value.message
    limit.check("another")
    clock.now = 60.0
    limit.check("peer")
    limit.failed("peer")
    with pytest.raises(SignInLimitError):
        limit.check("peer")


def test_strangers_cannot_fill_the_memory() -> None:
    limit = FailureLimit(most=1)
    for n in range(MOST_PEERS + 10):
        limit.failed(f"peer-{n}")
    assert len(limit._failures) == MOST_PEERS
    limit.check("peer-0")
    with pytest.raises(SignInLimitError):
        limit.check(f"peer-{MOST_PEERS + 9}")
