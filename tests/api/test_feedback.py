"""Thumbs of a page's reader, and the administrator's list of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import openai
import pytest

from tests.accounts.house import KEYS
from tests.api.conftest import TEXT, Serve
from tests.support.server import HELD, ServerProcess


@pytest.fixture
def guarded(serve: Serve) -> ServerProcess:
    return serve(env={"ADVAKOD_API_KEYS": KEYS})


@pytest.fixture
def anna(guarded: ServerProcess) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{guarded.url}/v1", api_key="anna-key", max_retries=0) as client:
        yield client


@pytest.fixture
def boss(guarded: ServerProcess) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{guarded.url}/v1", api_key="boss-key", max_retries=0) as client:
        yield client


def test_given_listed_withdrawn(guarded: ServerProcess, anna: openai.OpenAI, boss: openai.OpenAI) -> None:
    api = f"{guarded.url}/api/v1"
    ids = [anna.responses.create(model="advakod", input=f"Вопрос {n}").id for n in range(3)]
    for n, run_id in enumerate(ids):
        body = {"rating": "down" if n else "up", "reason": "mistake" if n else None, "comment": f"раз {n}"}
        given: Any = anna.put(f"{api}/responses/{run_id}/feedback", body=body, cast_to=object)
        assert {name: given[name] for name in body} == body
    first: Any = boss.get(f"{api}/feedback?limit=2", cast_to=object)
    rest: Any = boss.get(f"{api}/feedback", cast_to=object, options={"params": {"after": first["next"]}})
    assert [one["response_id"] for one in first["data"] + rest["data"]] == ids[::-1]
    assert (first["totals"], rest["next"]) == ({"up": 1, "down": 2}, None)
    shown = rest["data"][0]
    assert {name: shown[name] for name in ("key", "rating", "reason", "comment", "question", "answer", "status")} == {
        "key": "anna",
        "rating": "up",
        "reason": None,
        "comment": "раз 0",
        "question": "Вопрос 0",
        "answer": TEXT,
        "status": "completed",
    }
    only: Any = boss.get(f"{api}/feedback?rating=up", cast_to=object)
    assert [one["response_id"] for one in only["data"]] == ids[:1]
    for _ in range(2):
        anna.delete(f"{api}/responses/{ids[0]}/feedback", cast_to=type(None))
    left: Any = boss.get(f"{api}/feedback", cast_to=object)
    assert left["totals"] == {"up": 0, "down": 2}
    with pytest.raises(openai.PermissionDeniedError):
        anna.get(f"{api}/feedback", cast_to=object)
    with pytest.raises(openai.NotFoundError):
        boss.put(f"{api}/responses/{ids[0]}/feedback", body={"rating": "up"}, cast_to=object)
    for wrong in ({"rating": "so-so"}, {"rating": "up", "reason": "x"}, {"rating": "up", "comment": "я" * 2_001}, {}):
        with pytest.raises(openai.BadRequestError):
            anna.put(f"{api}/responses/{ids[1]}/feedback", body=wrong, cast_to=object)


def test_not_before_the_answer_has_ended(serve: Serve) -> None:
    server = serve(heartbeat=2, **HELD)
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0) as client:
        run = client.responses.create(model="advakod", input="Вопрос", background=True)
        with pytest.raises(openai.ConflictError):
            client.put(f"{server.url}/api/v1/responses/{run.id}/feedback", body={"rating": "up"}, cast_to=object)
        client.responses.cancel(run.id)
