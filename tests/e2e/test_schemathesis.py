"""Whatever fits the OpenAPI schema, and much that does not, is answered as the schema says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import positive_data_acceptance

from tests.support.server import ServerProcess, scripted, start_server

EXAMPLES = 20  # of each operation
# What a schema cannot say: a question of spaces, both a conversation and a previous response, a text part without text.
NOT_CHECKED: list[Any] = [positive_data_acceptance]
BOUNDED = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    folder = tmp_path_factory.mktemp("schema")
    running = start_server(folder, scripted(folder, "Ответ на всё.") | {"ADVAKOD_QUEUE_LIMIT": "100000"})
    yield running
    running.stop()


def test_every_operation_keeps_to_the_schema(server: ServerProcess) -> None:
    schema = schemathesis.openapi.from_url(f"{server.url}/openapi.json")
    problems: list[str] = []
    operations = [result.ok() for result in schema.get_all_operations() if isinstance(result, Ok)]
    for operation in operations:
        problems += _problems(operation)
    assert len(operations) > 20
    assert not problems, "\n\n".join(problems)


def _problems(operation: Any) -> list[str]:
    """What is wrong with an operation, in schemathesis's words."""

    @BOUNDED
    @given(case=operation.as_strategy())
    def check(case: schemathesis.Case[Any]) -> None:
        case.call_and_validate(excluded_checks=NOT_CHECKED, timeout=30)

    try:
        check()
    except (FailureGroup, Exception) as failure:
        said = "\n".join(str(part) for part in getattr(failure, "exceptions", [failure]))
        return [f"{operation.label}: {said}"]
    return []
