"""The llama engine behind the real server: a process of its own with a child that has loaded a tiny model."""

from __future__ import annotations

import asyncio
import itertools
import os
import random
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.e2e.conftest import Command, Serve
from tests.e2e.reader import Reader
from tests.e2e.wire import (
    Event,
    ask,
    assert_sentence,
    call,
    ended,
    status_of,
    text_of,
    until,
    wait_for_words,
    whole_log,
    words_of,
)
from tests.support.llama_server import script
from tests.support.server import ServerProcess, start_server

QUESTION = "Можно ли вернуть телефон, если не подошёл цвет?"
ENDLESS = 30_000  # tokens: a minute's work at the very least, which no test waits for
KILLS = 20  # of the child, and as many of the server
MOST_WORDS = 4  # written between two kills
# What a program must say to be taken for llama-server, and nothing more.
DYING = '#!/bin/sh\n[ "$1" = --version ] && echo "version: 1 (dies)" && exit 0\necho "out of memory" >&2\nexit 1\n'


@pytest.fixture(scope="module")
def env(tiny_gguf: Path, xllamacpp: None) -> dict[str, str]:
    """One text at once, on one thread, which a busy machine still has."""
    return {
        "VISTRAL_MODEL_PATH": str(tiny_gguf),
        "VISTRAL_N_CTX": "32768",
        "VISTRAL_N_THREADS": "1",
        "VISTRAL_MAX_CONCURRENCY": "1",
    }


@pytest.fixture(scope="module")
def server(env: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """One for the tests that leave it as it was."""
    process = start_server(tmp_path_factory.mktemp("server"), env)
    yield process
    process.stop()


def of(events: list[Event], kind: str) -> list[dict[str, Any]]:
    """The events of a kind."""
    return [event.data for event in events if event.type == kind]


def engine_facts(server: ServerProcess) -> dict[str, Any]:
    facts: dict[str, Any] = call(server, "GET", "/ready").json["engine_facts"]
    return facts


def child_of(server: ServerProcess) -> int:
    """The process that writes, once there is one."""
    return int(until(lambda: engine_facts(server)["details"]["child"]["pid"]))


def cancel(server: ServerProcess, run_id: str) -> None:
    assert call(server, "POST", f"/v1/responses/{run_id}/cancel").status == 200


def is_gone(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


# -- an answer -----------------------------------------------------------------------------------


def test_a_question_is_answered_with_plan_stages_and_usage(server: ServerProcess) -> None:
    run_id = ask(server, QUESTION, max_output_tokens=40)
    events = whole_log(server, run_id)
    response = events[-1].data["response"]
    assert text_of(response) == words_of(events) != ""
    assert (response["status"], response["incomplete_details"]["reason"]) == ("incomplete", "max_output_tokens")
    (plan,), stages = of(events, "advakod.plan"), of(events, "advakod.stage")
    assert plan["answer_tokens"] == plan["max_tokens"] == 40
    assert plan["provisions"] == len(of(events, "advakod.sources")[0]["sources"]) > 0
    assert 0 <= plan["expected_first_word"] <= plan["expected_seconds"]
    told = [stage["stage"] for stage in stages if stage["stage"] != "loading"]
    assert list(dict.fromkeys(told)) == ["searching", "reading", "writing", "checking"]
    assert {stage["total"] for stage in stages if stage["stage"] == "reading"} == {plan["prompt_tokens"]}
    usage = response["usage"]
    assert (usage["input_tokens"], usage["output_tokens"]) == (plan["prompt_tokens"], 40)
    assert usage["input_tokens_details"]["cached_tokens"] == plan["cached_tokens"]


def test_a_conversation_is_not_read_again(server: ServerProcess) -> None:
    first = ended(server, ask(server, QUESTION, max_output_tokens=40))
    second = ended(server, ask(server, "А если?", max_output_tokens=5, previous_response_id=first["id"]))
    cached = second["usage"]["input_tokens_details"]["cached_tokens"]
    assert cached >= 0.95 * first["usage"]["input_tokens"]


def test_stop_leaves_the_slot_to_the_next(server: ServerProcess) -> None:
    endless = ask(server, QUESTION, max_output_tokens=ENDLESS)
    wait_for_words(server, endless, 3)
    next_one = ask(server, QUESTION, max_output_tokens=5)
    cancel(server, endless)
    assert ended(server, next_one)["usage"]["output_tokens"] == 5
    assert ended(server, endless)["status"] == "cancelled"


def test_what_was_stopped_goes_on_from_its_tokens(server: ServerProcess) -> None:
    """The text, read anew, would be fewer tokens: a model of nonsense writes no word as a tokenizer would cut it."""
    run_id = ask(server, QUESTION, max_output_tokens=ENDLESS)
    wait_for_words(server, run_id, 10)
    cancel(server, run_id)
    before = ended(server, run_id)
    reply = call(server, "POST", f"/api/v1/responses/{run_id}/continue?stream=false")
    more = reply.json["id"]
    wait_for_words(server, more, len(text_of(before).split()) + 5)
    cancel(server, more)
    events = whole_log(server, more)
    assert words_of(events).startswith(text_of(before))
    reading = next(stage for stage in of(events, "advakod.stage") if stage["stage"] == "reading")
    assert reading["total"] == before["usage"]["input_tokens"] + before["usage"]["output_tokens"]


def test_a_prompt_beyond_the_context_is_made_shorter(serve: Serve, env: dict[str, str]) -> None:
    small = serve(env=env | {"VISTRAL_N_CTX": "640", "VISTRAL_MAX_TOKENS": "100"})
    events = whole_log(small, ask(small, QUESTION * 60))
    (plan,) = of(events, "advakod.plan")
    assert plan["prompt_tokens"] + plan["answer_tokens"] <= 640
    assert events[-1].data["response"]["usage"]["output_tokens"] == plan["answer_tokens"]


# -- what dies -----------------------------------------------------------------------------------


@pytest.mark.timeout(900)  # a slow machine takes its time to start twenty servers
def test_an_answer_survives_every_kill(serve: Serve, env: dict[str, str], tmp_path: Path) -> None:
    """`kill -9` of the child and of the server by turns of chance, all of them in one answer."""
    seed = random.randrange(1_000_000)
    print(f"seed {seed}")
    often = {"ADVAKOD_HEARTBEAT": "3"}  # a reading is told though another was a second ago
    reader = asyncio.run(_killed(serve(env=env | often), random.Random(seed)))
    assert len(reader.readings) > KILLS  # after some deaths of the child too
    assert_seamless(reader, tokens_stored(tmp_path / "var" / "advakod.db", reader.run_id))


async def _killed(server: ServerProcess, chance: random.Random) -> Reader:
    reader = Reader(server.url, QUESTION, max_output_tokens=ENDLESS)
    following = asyncio.create_task(reader.follow())
    victims = ["child", "server"] * KILLS
    chance.shuffle(victims)
    seen, at_once = "", False
    for victim in victims:
        # Half of those that follow a word: at once, before another can be written.
        at_once = not at_once and chance.random() < 0.5
        await reader.reach(reader.words + (0 if at_once else chance.randint(1, MOST_WORDS)))
        await asyncio.sleep(chance.uniform(0, 0.2))
        kept = reader.text
        await asyncio.to_thread(_kill, server, victim)
        assert reader.text.startswith(kept)
        assert kept.startswith(seen)
        seen = kept
    await reader.reach(reader.words + 1)
    await asyncio.to_thread(cancel, server, reader.run_id)
    await following
    reader.assert_nothing_missing()
    response = status_of(server, reader.run_id)
    assert response["status"] == "cancelled"
    assert text_of(response) == reader.text == words_of(whole_log(server, reader.run_id))
    return reader


def tokens_stored(database: Path, run_id: str) -> dict[int, int]:
    """By the length of a text's beginning: its tokens, as they were stored."""
    with closing(sqlite3.connect(database)) as connection:
        rows = connection.execute(
            "SELECT characters, length(ids) / 4 FROM run_token WHERE run = ? ORDER BY seq", (run_id,)
        ).fetchall()
    lengths, counts = (itertools.accumulate(column, initial=0) for column in zip(*rows, strict=True))
    return dict(zip(lengths, counts, strict=True))


def assert_seamless(reader: Reader, tokens: dict[int, int]) -> None:
    """Each time the engine read the question and all tokens of what had been written, and no others."""
    prompt, before = reader.readings[0]
    assert before == 0
    assert [total for total, _ in reader.readings] == [prompt + tokens[length] for _, length in reader.readings]


def _kill(server: ServerProcess, victim: str) -> None:
    if victim == "server":
        child = child_of(server)
        server.kill9()
        until(lambda: is_gone(child))
        server.start()
    else:
        os.kill(child_of(server), signal.SIGKILL)


def test_a_child_that_dies_every_time(serve: Serve, env: dict[str, str], tmp_path: Path) -> None:
    program = script(tmp_path / "llama-server", DYING)
    server = serve(env=env | {"VISTRAL_LLAMA_SERVER": str(program)})
    response = ended(server, ask(server, QUESTION))
    assert (response["status"], response["error"]["advakod_code"]) == ("failed", "engine_dead")
    assert_sentence(response["error"]["message"])
    assert call(server, "GET", "/health").status == 200
    ready = call(server, "GET", "/ready")
    assert (ready.status, ready.json["engine"]) == (503, "failed")
    assert "не хватило памяти" in ready.json["problem"]
    assert ended(server, ask(server, QUESTION))["status"] == "failed"


# -- what cannot be loaded -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "sentence"),
    [(None, "такого файла нет"), (b"GGUF", "обрывается"), (b"no model at all", "не модель"), (..., "не хватает")],
    ids=["missing", "cut in the header", "no model", "truncated"],
)
def test_a_bad_file_stops_the_start(
    advakod: Command, env: dict[str, str], tiny_gguf: Path, tmp_path: Path, content: object, sentence: str
) -> None:
    path = tmp_path / "model.gguf"
    if content is ...:
        path.write_bytes(tiny_gguf.read_bytes()[:-1_000])
    elif isinstance(content, bytes):
        path.write_bytes(content)
    done = advakod("serve", "--port", 0, env=env | {"VISTRAL_MODEL_PATH": str(path)})
    assert done.returncode != 0
    assert sentence in done.stderr
    assert str(path) in done.stderr
    assert "Traceback" not in done.stderr
