"""The main job on a real law: a question through HTTP, WebSocket and the command line, answered with citations."""

from __future__ import annotations

import os
import re
import signal
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import orjson
import pytest
from websockets.sync.client import connect

from tests.e2e.conftest import TEXT, command
from tests.e2e.wire import (
    ENDED,
    PATIENCE,
    TERMINAL,
    ask,
    call,
    read,
    text_of,
    until,
    wait_for_words,
    whole_log,
    words_of,
)
from tests.support.cutter import Cutter
from tests.support.server import HELD, ServerProcess, scripted, start_server

WRITTEN = " ".join(TEXT.split()[:10]).encode()  # by HELD
QUESTION = "Расскажи подробно о правах потребителя"
ACTS = ("zozpp_2300-1_consultantplus.pdf", "kzot_rsfsr_102010128.html")  # the law asked about, and one that is not


@pytest.fixture(scope="module")
def law(corpus_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with real acts in it."""
    data = tmp_path_factory.mktemp("law")
    files = [corpus_dir / "statutes" / name for name in ACTS]
    loaded = _run("ingest", "--json", *files, data=data)
    assert loaded.returncode == 0, loaded.stderr
    assert [outcome["act"] for outcome in orjson.loads(loaded.stdout)] == ["zozpp", "kzot_rsfsr"]
    return data


@pytest.fixture(scope="module")
def server(law: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    running = start_server(tmp_path_factory.mktemp("ask"), {"ADVAKOD_DATA_DIR": str(law)})
    yield running
    running.stop()


def _run(*arguments: object, data: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "ADVAKOD_DATA_DIR": str(data)}
    return subprocess.run(
        command(*arguments), env=environment, capture_output=True, text=True, timeout=100, check=False
    )


def assert_answers(text: str, citations: list[dict[str, Any]]) -> None:
    """At least five verified citations of the law, article 18 among them, each a piece of the text."""
    verified = [citation for citation in citations if citation["verdict"] == "verified"]
    articles = {citation["article"] for citation in verified if citation["act"] == "zozpp"}
    assert len(articles) >= 5
    assert "18" in articles
    assert {citation["act"] for citation in verified} == {"zozpp"}
    assert len(text) > 500


def test_through_http(server: ServerProcess) -> None:
    log = whole_log(server, ask(server, QUESTION))
    [citations] = [event.data["citations"] for event in log if event.type == "advakod.citations"]
    response = log[-1].data["response"]
    assert response["status"] == "completed"
    assert words_of(log) == text_of(response)
    assert_answers(words_of(log), citations)
    assert any(event.delta for event in log)
    assert len(response["output"][0]["content"][0]["annotations"]) == len(citations)
    for citation in citations:
        assert words_of(log)[citation["start"] : citation["end"]] == citation["text"]


def test_through_a_websocket(server: ServerProcess) -> None:
    with connect(server.url.replace("http", "ws") + "/v1/responses", proxy=None) as socket:
        socket.send(orjson.dumps({"type": "response.create", "model": "advakod", "input": QUESTION}).decode())
        events = [orjson.loads(socket.recv(timeout=PATIENCE))]
        while events[-1]["type"] not in TERMINAL:
            events.append(orjson.loads(socket.recv(timeout=PATIENCE)))
    text = "".join(event["delta"] for event in events if event["type"] == "response.output_text.delta")
    [citations] = [event["citations"] for event in events if event["type"] == "advakod.citations"]
    assert_answers(text, citations)


def test_through_the_command_line(law: Path) -> None:
    answered = _run("ask", QUESTION, "--json", data=law)
    assert answered.returncode == 0, answered.stderr
    answer = orjson.loads(answered.stdout)
    assert answer["status"] == "completed"
    assert answer["id"].startswith("resp_")
    assert_answers(answer["text"], answer["citations"])


def test_through_the_command_line_of_another_machine(server: ServerProcess, tmp_path: Path) -> None:
    answered = _run("ask", QUESTION, "--json", "--url", server.url, data=tmp_path)
    assert answered.returncode == 0, answered.stderr
    answer = orjson.loads(answered.stdout)
    assert_answers(answer["text"], answer["citations"])
    stored = call(server, "GET", f"/v1/responses/{answer['id']}").json
    assert text_of(stored) == answer["text"]


def test_for_a_person(server: ServerProcess, tmp_path: Path) -> None:
    address = server.url.removeprefix("http://")
    answered = _run("ask", *QUESTION.split(), "--url", address, data=tmp_path)  # as people type it
    assert answered.returncode == 0, answered.stderr
    text, _, references = answered.stdout.partition("\nСсылки:\n")
    lines = references.splitlines()
    [article] = [line for line in lines if line.startswith("  ✓ ст. 18")]
    assert re.fullmatch(r"  ✓ ст\. 18(, п\. [\d, ]+)? — Закон РФ «О защите прав потребителей», ред\. \S+", article)
    assert "ru/zozpp" not in references
    assert "Статья 18" in text
    assert "\n\n\n" not in answered.stdout


def test_a_search_finds_the_article(law: Path) -> None:
    found = _run("search", "--json", "вернуть товар с недостатками", data=law)
    assert found.returncode == 0, found.stderr
    assert ("zozpp", "18") in [(hit["act"], hit["article"]) for hit in orjson.loads(found.stdout)]


# -- Ctrl-C ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("remote", [True, False], ids=["server", "in process"])
def test_ctrl_c_stops_the_run(tmp_path: Path, *, remote: bool) -> None:
    env = {**os.environ, **scripted(tmp_path, TEXT, **HELD), "ADVAKOD_DATA_DIR": str(tmp_path / "var")}
    server = start_server(tmp_path, env) if remote else None
    try:
        where = ["--url", server.url] if server else []
        with subprocess.Popen(command("ask", "Вопрос", *where), env=env, stdout=subprocess.PIPE) as asking:
            assert asking.stdout is not None
            said = asking.stdout.read(12).decode()  # the first word is there
            asking.send_signal(signal.SIGINT)
            said += asking.stdout.read().decode()
            assert asking.wait(PATIENCE) == 130
        assert TEXT.startswith(said.split("\n")[0].strip())
        server = server or start_server(tmp_path, env)
        [run] = _runs(server)
        until(lambda: call(server, "GET", f"/v1/responses/{run}").json["status"] in ENDED)
        stopped = call(server, "GET", f"/v1/responses/{run}").json
        assert stopped["status"] == "cancelled"
        assert text_of(stopped) != ""
        assert list(read(server, run))[-1].type == "response.incomplete"
    finally:
        if server is not None:
            server.stop()


def test_ctrl_c_twice_leaves_at_once(tmp_path: Path) -> None:
    server = start_server(tmp_path, scripted(tmp_path, TEXT, **HELD))
    try:
        with Cutter(server.url) as hop:
            asking_there = command("ask", "Вопрос", "--url", hop.url)
            with subprocess.Popen(asking_there, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as asking:
                assert asking.stdout is not None
                asking.stdout.read(len(WRITTEN))
                hop.swallow()  # it takes the request to stop, and never answers
                asking.send_signal(signal.SIGINT)
                until(lambda: hop.swallowed)
                asking.send_signal(signal.SIGINT)
                _, said = asking.communicate(timeout=PATIENCE)
        assert asking.returncode == 130
        assert b"Traceback" not in said
    finally:
        server.stop()


def test_a_server_that_is_gone_for_good(tmp_path: Path) -> None:
    """Ctrl-C is not kept waiting for it, however long one would have waited for the answer."""
    server = start_server(tmp_path, scripted(tmp_path, TEXT, **HELD))
    try:
        asking_there = command("ask", "Вопрос", "--url", server.url)
        with subprocess.Popen(asking_there, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as asking:
            assert asking.stdout is not None
            assert asking.stderr is not None
            asking.stdout.read(len(WRITTEN))
            server.kill9()
            told = _lines_until(asking.stderr, "Связь прервалась")
            assert sum("Связь прервалась" in line for line in told) == 1
            asking.send_signal(signal.SIGINT)
            assert asking.wait(PATIENCE) == 130
            assert re.search(r"Номер ответа: resp_\w+", asking.stderr.read().decode())
    finally:
        server.stop()


def test_a_server_that_comes_back(tmp_path: Path) -> None:
    server = start_server(tmp_path, scripted(tmp_path, TEXT, **HELD))
    try:
        asking_there = command("ask", "Вопрос", "--url", server.url)
        with subprocess.Popen(asking_there, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as asking:
            assert asking.stdout is not None
            assert asking.stderr is not None
            said = asking.stdout.read(len(WRITTEN))
            server.kill9()
            _lines_until(asking.stderr, "Связь прервалась")
            server.start()
            _lines_until(asking.stderr, "Связь есть")
            said += asking.stdout.read()
            assert asking.wait(PATIENCE) == 0
        assert said.decode().split() == TEXT.split()
    finally:
        server.stop()


@pytest.mark.parametrize("remote", [True, False], ids=["server", "in process"])
def test_an_answer_is_continued_by_the_command_that_was_shown(tmp_path: Path, *, remote: bool) -> None:
    cut = [{"at": 5, "kind": "silence", "seconds": 60}]
    data = {"ADVAKOD_DATA_DIR": str(tmp_path / "var"), "ADVAKOD_STALL_TIMEOUT": "0.5"}
    env = {**os.environ, **scripted(tmp_path, TEXT, faults=cut), **data}
    server = start_server(tmp_path, env) if remote else None
    try:
        where = ["--url", server.url] if server else []
        first = _with(env, "ask", "Вопрос", *where)
        assert first.returncode == 1
        assert first.stdout.split() == TEXT.split()[:5]
        shown = re.search(r"^  \S.* ask (--continue resp_\w+.*)$", first.stderr, re.MULTILINE)
        assert shown, first.stderr
        second = _with(env, "ask", *shown[1].split())
        assert second.returncode == 0, second.stderr
        assert second.stdout.split() == TEXT.split()
    finally:
        if server is not None:
            server.stop()


def test_an_engine_that_is_not_there_is_told_once(tmp_path: Path) -> None:
    engine = {"ADVAKOD_ENGINE": "openai", "ADVAKOD_OPENAI_BASE_URL": "http://127.0.0.1:9/v1"}
    asked = _with({**os.environ, **engine, "ADVAKOD_DATA_DIR": str(tmp_path)}, "ask", "Сколько дней отпуска?")
    assert asked.returncode == 1
    assert "Connect" not in asked.stderr
    assert asked.stderr.count("[engine_unreachable]") == 1


def _with(env: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(*arguments), env=env, capture_output=True, text=True, timeout=100, check=False)


def _lines_until(stream: IO[bytes], said: str) -> list[str]:
    """What a stream says up to the line with `said`."""
    lines = [""]
    while said not in lines[-1]:
        line = stream.readline().decode()
        assert line, lines
        lines.append(line)
    return lines


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_server_that_is_stopped_hands_its_runs_back(tmp_path: Path, how: signal.Signals) -> None:
    server = start_server(tmp_path, scripted(tmp_path, TEXT, **HELD))
    run = ask(server, "Вопрос")
    wait_for_words(server, run, 10)
    assert server.stop(how) == 0
    with sqlite3.connect(tmp_path / "var" / "advakod.db") as database:
        [(worker,)] = database.execute("SELECT worker FROM run WHERE id = ?", [run])
    database.close()
    assert worker == ""  # nobody's: whoever comes next takes it at once
    server.start()
    assert words_of(whole_log(server, run)) == TEXT
    assert server.stop(how) == 0


def _runs(server: ServerProcess) -> list[str]:
    """The runs behind all conversations."""
    listed = call(server, "GET", "/api/v1/conversations").json["data"]
    trees = [call(server, "GET", f"/api/v1/conversations/{facts['id']}").json for facts in listed]
    return [message["run"]["id"] for tree in trees for message in tree["messages"] if message["run"]]
