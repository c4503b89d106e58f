"""What must not be accepted: each gets a status, a code and a Russian sentence, and loses nothing that was stored."""

from __future__ import annotations

import resource
import socket
import subprocess
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin

from tests.e2e.conftest import TEXT, Command, Serve, command, openai_env
from tests.e2e.law import LAW
from tests.e2e.wire import (
    ask,
    assert_refused,
    assert_sentence,
    call,
    ended,
    status_of,
    text_of,
    until,
    wait_for_words,
    whole_log,
)
from tests.support.fake_openai import FakeOpenAI
from tests.support.pen import Pen
from tests.support.server import ServerProcess, start_server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """As a fresh install: extractive, no law loaded."""
    running = start_server(tmp_path_factory.mktemp("fresh"))
    yield running
    running.stop()


def post(server: ServerProcess, body: object, **headers: str) -> Any:
    return call(server, "POST", "/v1/responses", body, headers)


# -- questions -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"input": ""}, 400, "bad_question"),
        ({"input": " \n\t "}, 400, "bad_question"),
        ({"input": []}, 400, "bad_question"),
        ({"input": "я" * 20_001}, 400, "bad_question"),
        ({"input": "Вопрос", "model": "gpt-9"}, 404, "not_found"),
        ({"input": "Вопрос", "previous_response_id": "resp_no"}, 404, "not_found"),
        ({"input": "Вопрос", "conversation": "conv_no"}, 404, "not_found"),
        ({"input": "Вопрос", "max_output_tokens": 0}, 400, "invalid_request"),
        ({"input": "Вопрос", "as_of": "вчера"}, 400, "invalid_request"),
        ({"input": 5}, 400, "invalid_request"),
        ({}, 400, "invalid_request"),
        (b"{", 400, "invalid_request"),
        (b"", 400, "invalid_request"),
        (b"\xff\xfe", 400, "invalid_request"),
        (b'"text"', 400, "invalid_request"),
        (b'{"input": "\\ud800"}', 400, "bad_question"),
        (b'{"input": "a\\u0000b"}', 400, "bad_question"),
        (b'{"input": ' + b"[" * 20_000, 400, "invalid_request"),
    ],
    ids=str,
)
def test_questions_that_cannot_be_asked(server: ServerProcess, body: object, status: int, code: str) -> None:
    reply = post(server, body)
    error = assert_refused(reply, status, code)
    assert set(error) == {"message", "type", "code", "param"}
    assert reply.headers["x-should-retry"] == "false"


@pytest.mark.parametrize(
    "question",
    [
        "я",
        "?",
        "?" * 20_000,
        "вопрос " * 2_857,
        "What are my rights?",
        "我的权利是什么",
        "🙂🙂🙂",
        "'; DROP TABLE run; --",
    ],
    ids=lambda question: question[:10],
)
def test_odd_questions_are_answered(server: ServerProcess, question: str) -> None:
    response = ended(server, ask(server, question))
    assert response["status"] == "completed", response
    assert_sentence(text_of(response))


def test_a_body_that_is_too_long(server: ServerProcess) -> None:
    reply = post(server, b'{"input": "' + b"x" * (5 << 20) + b'"}')
    assert_refused(reply, 413, "body_too_long")
    chunked = post(server, iter([b'{"input": "', *[b"x" * (1 << 20)] * 5, b'"}']))
    assert_refused(chunked, 413, "body_too_long")


def test_odd_questions_at_the_command_line(advakod: Command) -> None:
    for question, message in (("", "пуст"), ("я" * 20_001, "20001")):
        asked = advakod("ask", "-", stdin=question)
        assert asked.returncode == 1
        assert_one_sentence(asked.stderr)
        assert message in asked.stderr
        assert asked.stdout == ""


# -- runs ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("run_id", ["resp_no", "resp_" + "0" * 32, "..%2f..", "%00", "я"])
def test_a_run_that_does_not_exist(server: ServerProcess, run_id: str) -> None:
    path = "/v1/responses/" + run_id.replace("я", "%D1%8F")
    tails = ("GET ", "GET ?stream=true", "POST /cancel", "DELETE ", "GET /input_items")
    for method, tail in (step.split(" ") for step in tails):
        assert_refused(call(server, method, path + tail), 404, "not_found")
    assert_refused(call(server, "GET", "/v1/responses/" + "a" * 65), 400, "invalid_request")


def test_somebody_elses_run_does_not_exist(serve: Serve, keys: tuple[str, dict[str, dict[str, str]]]) -> None:
    entries, headers = keys
    server = serve(TEXT, env={"ADVAKOD_API_KEYS": entries})
    run_id = ask(server, headers=headers["anna"])
    path = f"/v1/responses/{run_id}"
    until(lambda: call(server, "GET", path, headers=headers["anna"]).json["status"] == "completed")
    stranger = headers["boris"]
    assert_refused(call(server, "GET", path, headers=stranger), 404, "not_found")
    assert_refused(call(server, "GET", path + "?stream=true", headers=stranger), 404, "not_found")
    assert_refused(call(server, "POST", path + "/cancel", headers=stranger), 404, "not_found")
    assert_refused(call(server, "DELETE", path, headers=stranger), 404, "not_found")
    follow_up = {"input": "Вопрос", "previous_response_id": run_id}
    assert_refused(call(server, "POST", "/v1/responses", follow_up, stranger), 404, "not_found")
    wrong = {"Authorization": "Bearer adv_wrong"}
    assert_refused(call(server, "GET", path, headers=wrong), 401, "key_required")
    assert text_of(call(server, "GET", path, headers=headers["anna"]).json) == TEXT


def test_a_position_beyond_the_end(server: ServerProcess) -> None:
    run_id = ask(server)
    last = whole_log(server, run_id)[-1].seq
    path = f"/v1/responses/{run_id}?stream=true"
    assert_refused(call(server, "GET", f"{path}&starting_after={last + 1}"), 400, "invalid_request")
    assert_refused(call(server, "GET", path, headers={"Last-Event-ID": str(last + 1)}), 400, "invalid_request")
    for nonsense in ("-2", "x", "99999999999999999999"):
        assert_refused(call(server, "GET", f"{path}&starting_after={nonsense}"), 400, "invalid_request")
    assert call(server, "GET", f"{path}&starting_after={last}").body == b""


# -- doors ---------------------------------------------------------------------------------------


def test_another_sites_page_can_do_nothing(server: ServerProcess) -> None:
    form = {"Origin": "https://evil.example", "Content-Type": "application/x-www-form-urlencoded"}
    forged = call(server, "POST", "/api/v1/rag/chat/rag/stream", b"query=x", form)
    assert_refused(forged, 403, "cross_site")
    assert_refused(post(server, {"input": "x"}, **{"Sec-Fetch-Site": "cross-site"}), 403, "cross_site")
    with pytest.raises(InvalidStatus) as refused:
        connect(server.url.replace("http", "ws") + "/v1/responses", origin=Origin("https://evil.example"), proxy=None)
    assert refused.value.response.status_code == 403
    assert_refused(call(server, "GET", "/v1/models", headers={"Host": "evil.example"}), 400, "bad_host")


def test_behind_a_proxy_a_key_is_needed(server: ServerProcess) -> None:
    forwarded = call(server, "GET", "/v1/models", headers={"X-Forwarded-For": "203.0.113.5"})
    assert_refused(forwarded, 401, "key_required")


# -- files ---------------------------------------------------------------------------------------


def _sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(200 << 20)


def _bomb(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("word/document.xml", "w") as member:
        for _ in range(300):
            member.write(b"\x00" * (1 << 20))


FILES: dict[str, tuple[Callable[[Path], object], str]] = {
    "bytes.pdf": (lambda path: path.write_bytes(b"%PDF-1.7\n" + bytes(range(256)) * 50), "broken_file"),
    "empty.txt": (lambda path: path.write_bytes(b""), "empty_file"),
    "huge.txt": (_sparse, "file_too_large"),
    "bomb.docx": (_bomb, "archive_bomb"),
    "encoding.txt": (
        lambda path: path.write_bytes((LAW * 5).encode().decode("cp1251", "replace").encode()),
        "unreadable_text",
    ),
    "empty": (lambda path: path.mkdir(), "no_readable_files"),
}


def test_bad_files_lose_nothing(advakod: Command, corpus_dir: Path, tmp_path: Path) -> None:
    law = tmp_path / "law.txt"
    law.write_text(LAW, "utf-8")
    assert advakod("ingest", law).returncode == 0
    scan = next((corpus_dir / "scans").glob("*.pdf"))
    bad = {scan: "no_text_layer", tmp_path / "нет.txt": "no_such_file"}
    for name, (make, code) in FILES.items():
        make(tmp_path / name)
        bad[tmp_path / name] = code
    good = tmp_path / "second.txt"
    good.write_text(LAW.replace("01.02.2021", "01.02.2022").replace("десять", "двадцать"), "utf-8")
    loaded = advakod("ingest", "--json", *bad, good)
    assert loaded.returncode == 1
    assert "Traceback" not in loaded.stderr
    outcomes = orjson.loads(loaded.stdout)
    assert {Path(outcome["path"]): outcome["code"] for outcome in outcomes[:-1]} == bad
    for outcome in outcomes[:-1]:
        assert_sentence(outcome["message"])
    assert outcomes[-1]["status"] == "added"
    assert orjson.loads(advakod("ingest", "--json", law).stdout)[0]["status"] == "unchanged"
    assert _found(advakod)


def test_one_bad_file_is_one_sentence(advakod: Command, tmp_path: Path) -> None:
    (tmp_path / "empty.txt").write_bytes(b"")
    loaded = advakod("ingest", tmp_path / "empty.txt")
    assert loaded.returncode == 1
    assert "Файл пуст. Скачайте его заново." in " ".join(loaded.stdout.split() + loaded.stderr.split())


def _found(advakod: Command) -> list[Any]:
    found: list[Any] = orjson.loads(advakod("search", "--json", "срок проверки связи").stdout)
    return found


# -- a full disk ---------------------------------------------------------------------------------


def _limit(pid: int, size: int) -> None:
    """No file of this process may grow beyond `size` bytes: to the database this is a full disk."""
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def test_a_full_disk_loses_nothing(serve: Serve, upstream: FakeOpenAI, pen: Pen) -> None:
    upstream.behaviour.text = TEXT
    server = serve(env=openai_env(upstream))
    pen.finish()
    before = ask(server, "До")
    assert text_of(ended(server, before)) == TEXT
    pen.to(5)
    running = ask(server)
    said = wait_for_words(server, running, 5)
    _limit(server.pid, 4096)
    pen.to(30)
    refused = until(lambda: _refusal(server))
    assert_refused(refused, 503, "storage_unavailable")
    assert text_of(status_of(server, before)) == TEXT
    assert text_of(status_of(server, running)).startswith(said)
    _limit(server.pid, resource.RLIM_INFINITY)
    pen.finish()
    assert text_of(ended(server, running)) == TEXT
    until(lambda: post(server, {"input": "После", "background": True}).status == 200)
    assert text_of(ended(server, before)) == TEXT


def _refusal(server: ServerProcess) -> Any:
    """The answer to a question that could not be stored; None when it was."""
    reply = post(server, {"input": "Во время", "background": True})
    return reply if reply.status != 200 else None


def test_an_ingest_on_a_full_disk_loses_nothing(advakod: Command, tmp_path: Path) -> None:
    law, more = tmp_path / "law.txt", tmp_path / "more.txt"
    law.write_text(LAW, "utf-8")
    assert advakod("ingest", law).returncode == 0
    more.write_text(LAW.replace("01.02.2021", "01.02.2022").replace("десять", "двадцать"), "utf-8")
    shell = 'ulimit -S -f 8; exec "$@"'  # blocks of 512 or 1024 bytes
    loaded = advakod("ingest", more, within=["sh", "-c", shell, "sh"])
    assert loaded.returncode == 1
    assert "Traceback" not in loaded.stderr
    said = " ".join((loaded.stdout + loaded.stderr).split())
    assert "на диске" in said  # there is no room, or: look whether there is
    assert "мест" in said
    assert _found(advakod)
    assert orjson.loads(advakod("ingest", "--json", more).stdout)[0]["status"] == "added"


# -- the start -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("VISTRAL_INFERENCE_TIMEOUT", "скоро"),
        ("VISTRAL_INFERENCE_TIMEOUT", "0"),
        ("ADVAKOD_HEARTBEAT", "nan"),
        ("ADVAKOD_ENGINE", "gpt"),
        ("ADVAKOD_PORT", "70000"),
        ("ADVAKOD_API_KEYS", "anna"),
        ("ADVAKOD_DATABASE_URL", "mysql://x"),
        ("ADVAKOD_PUBLIC_URL", "law.example"),
        ("ADVAKOD_HOST", "0.0.0.0"),  # without a key
        ("ADVAKOD_DATA_DIR", "/dev/null/var"),
    ],
)
def test_a_bad_setting_stops_the_start(advakod: Command, name: str, value: str) -> None:
    started = advakod("serve", env={"ADVAKOD_PORT": "0", name: value})
    assert started.returncode == 2, started.stderr
    assert_one_sentence(started.stderr)
    assert name in started.stderr
    assert started.stdout == ""


def test_a_bad_script_stops_the_start(advakod: Command, tmp_path: Path) -> None:
    script = tmp_path / "script.toml"
    script.write_text("text = ''")
    started = advakod("serve", "--port", "0", env={"ADVAKOD_ENGINE": "scripted", "ADVAKOD_SCRIPT": str(script)})
    assert started.returncode == 2
    assert_one_sentence(started.stderr)
    assert "ADVAKOD_SCRIPT" in started.stderr


def test_a_port_in_use(advakod: Command) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        started = advakod("serve", "--port", port)
    assert started.returncode == 2
    assert_one_sentence(started.stderr)
    assert "ADVAKOD_PORT" in started.stderr
    assert str(port) in started.stderr


def assert_one_sentence(stderr: str) -> None:
    """One line for a person, and no traceback."""
    lines = [line for line in stderr.splitlines() if line.strip()]
    assert len(lines) == 1, stderr
    assert_sentence(lines[0])


def test_help_is_there() -> None:
    shown = subprocess.run(command("--help"), capture_output=True, text=True, timeout=60, check=True)
    assert_sentence(shown.stdout)
