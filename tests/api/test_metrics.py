"""`/metrics` of a real server, read by Prometheus' own parser."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from advakod import __version__
from advakod.telemetry import Metrics
from tests.support.http_json import ask, get_text
from tests.support.server import ServerProcess

Samples = dict[tuple[str, str], float]


def parsed(text: str) -> Samples:
    """Value by name and labels; the labels of Info metrics as they stand."""
    return {
        (sample.name, ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_a_run_shows_up_with_the_state_of_the_moment(server: ServerProcess) -> None:
    ask(server, "Сколько дней отпуска?")
    got = parsed(get_text(server, "/metrics"))
    assert got["advakod_runs_total", "reason=,status=completed"] == 1
    assert got["advakod_run_duration_seconds_count", "status=completed"] == 1
    assert 0 < got["advakod_run_duration_seconds_sum", "status=completed"] < 20
    assert got["advakod_time_to_first_token_seconds_count", ""] == 1
    assert got["advakod_tokens_per_second_count", ""] == 1
    assert got["advakod_flush_duration_seconds_count", ""] > 0
    assert got["advakod_events_total", ""] > 0
    assert (got["advakod_runs_queued", ""], got["advakod_readers", ""], got["advakod_database_up", ""]) == (0, 0, 1)
    assert got["advakod_runs_running_limit", ""] > 0
    assert any(name == "advakod_engine_info" and "name=scripted" in labels for name, labels in got)
    assert any(name == "advakod_build_info" and f"version={__version__}" in labels for name, labels in got)
    assert got["process_resident_memory_bytes", ""] > 0


def test_two_servers_in_one_process_do_not_mix() -> None:
    one, other = Metrics(), Metrics()
    one.run_ended(status="failed", reason="queue_timeout", seconds=1, first_token=None, tokens_per_second=None)
    expose = {"running": 0, "concurrency": 1, "readers": 0}
    assert ("advakod_runs_total", "reason=queue_timeout,status=failed") in parsed(
        one.expose(**expose, queued=0).decode()
    )
    assert "queue_timeout" not in other.expose(**expose, queued=0).decode()


def test_without_the_database_the_rest_is_still_there() -> None:
    got = parsed(Metrics().expose(running=2, concurrency=4, readers=7, queued=None).decode())
    assert (got["advakod_database_up", ""], got["advakod_runs_running", ""], got["advakod_readers", ""]) == (0, 2, 7)
