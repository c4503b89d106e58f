"""The llama engine with real children and tiny models."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from advakod.engine import (
    Continuation,
    EngineContextError,
    EngineLostError,
    EngineRubbishError,
    EngineUnreachableError,
    FinishReason,
    Message,
    Piece,
    WritingTask,
)
from advakod.engine.llama import LlamaEngine, ModelFileError
from advakod.settings import Settings
from tests.support.llama_server import llama_server
from tests.support.odd_llama import odd_llama
from tests.support.tiny_gguf import BRACKETS, CHAT_TEMPLATE, OPENING_TEMPLATE, RAISING_TEMPLATE, THINK, tiny_model

pytestmark = pytest.mark.anyio
Make = Callable[..., Settings]
SYSTEM = Message("system", "Отвечай кратко и по закону. " * 20)
TASK = WritingTask("Срок?", (SYSTEM, Message("user", "Можно ли вернуть товар?")), max_tokens=40, temperature=0.0)


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine is no failure."""
    monkeypatch.setattr("advakod.engine.llama.engine.ASK", 60.0)


@asynccontextmanager
async def started(settings: Settings) -> AsyncIterator[LlamaEngine]:
    engine = LlamaEngine.from_settings(settings)
    await engine.start()
    try:
        await engine.ready()
        yield engine
    finally:
        await engine.stop()
        await engine.stop()


async def pieces_of(engine: LlamaEngine, task: WritingTask) -> list[Piece]:
    async with aclosing(engine.write(task)) as pieces:
        return [piece async for piece in pieces]


def text_of(pieces: list[Piece]) -> str:
    return "".join(piece.text for piece in pieces)


def ids_of(pieces: list[Piece]) -> tuple[int, ...]:
    return tuple(token for piece in pieces for token in piece.ids)


def resumed(task: WritingTask, pieces: list[Piece]) -> WritingTask:
    """The same task after these pieces."""
    text, ids = text_of(pieces), ids_of(pieces)
    return replace(
        task, prefix=text, prefix_ids=ids, prefix_ids_length=len(text), max_tokens=task.max_tokens - len(ids)
    )


def until_there(file: Path) -> None:
    """Nobody tells when it is saved."""
    while not file.exists():
        time.sleep(0.01)


async def child(engine: LlamaEngine) -> int:
    facts = (await engine.info()).details["child"]
    assert isinstance(facts, dict)
    return int(facts["pid"])


async def test_a_text_is_read_for_then_written_and_every_token_is_known(llama_settings: Make) -> None:
    async with started(llama_settings()) as engine:
        pieces = await pieces_of(engine, TASK)
        info = await engine.info()
    readings = [piece.reading for piece in pieces if piece.reading is not None]
    written = pieces[len(readings) :]
    assert all(piece.reading is None for piece in written)
    assert [reading.done for reading in readings] == sorted(reading.done for reading in readings)
    assert readings[-1].done == readings[-1].total == written[0].prompt_tokens
    assert all(piece.text and piece.finish is None for piece in written[:-1])
    assert written[-1].finish is FinishReason.LENGTH
    assert (written[-1].prompt_tokens, written[-1].cached_tokens) == (readings[-1].total, 0)
    assert sum(piece.tokens for piece in written) == TASK.max_tokens == len(ids_of(written))
    assert (info.name, info.model, info.context) == ("llama", "tiny-ru-law", 2048)
    assert info.continuation is Continuation.PREFILL
    assert info.tells_reading


async def test_a_text_goes_on_from_its_tokens_as_if_nothing_had_been(llama_settings: Make) -> None:
    async with started(llama_settings()) as engine:
        whole = await pieces_of(engine, TASK)
        for cut in (1, 13, 39):
            before = await pieces_of(engine, replace(TASK, max_tokens=cut))
            after = await pieces_of(engine, resumed(TASK, before))
            assert text_of(before) + text_of(after) == text_of(whole)
            assert ids_of(before) + ids_of(after) == ids_of(whole)
            assert after[-1].prompt_tokens == whole[-1].prompt_tokens  # the text so far is no prompt


async def test_a_text_whose_tokens_are_not_known_goes_on_from_its_words(llama_settings: Make) -> None:
    task = replace(TASK, prefix="Покупатель вправе ", max_tokens=5)
    async with started(llama_settings()) as engine:
        pieces = await pieces_of(engine, task)
        known = await pieces_of(engine, replace(task, prefix_ids=ids_of(pieces), prefix_ids_length=0, prefix=""))
        size, words = await engine.measure(task), await engine.count([task.prefix])
    assert len(ids_of(pieces)) == 5
    assert text_of(known)
    readings = [piece.reading for piece in pieces if piece.reading is not None]
    assert size is not None
    assert words is not None
    assert pieces[-1].prompt_tokens == size.tokens
    assert readings[-1].total == size.tokens + words[0]


async def test_what_has_been_read_is_not_read_again(llama_settings: Make) -> None:
    async with started(llama_settings()) as engine:
        before = await engine.measure(TASK)
        first = await pieces_of(engine, TASK)
        turn = [*TASK.messages, Message("assistant", text_of(first)), Message("user", "А если прошёл месяц?")]
        second = replace(TASK, messages=tuple(turn))
        size = await engine.measure(second)
        pieces = await pieces_of(engine, second)
    assert before is not None
    assert size is not None
    assert before.cached == 0
    assert size.cached > 0
    assert before.tokens == first[-1].prompt_tokens
    assert size.tokens == pieces[-1].prompt_tokens
    assert size.cached == pieces[-1].cached_tokens
    assert size.cached >= 0.95 * before.tokens


async def test_a_conversation_that_another_displaced_is_found_again(llama_settings: Make) -> None:
    other = replace(TASK, messages=(Message("user", "Совсем иной вопрос о наследстве и завещании. " * 10),))
    async with started(llama_settings(max_concurrency=1)) as engine:
        await pieces_of(engine, TASK)
        await pieces_of(engine, other)
        size = await engine.measure(TASK)
        again = await pieces_of(engine, TASK)
    assert size is not None
    assert again[-1].cached_tokens == size.cached == size.tokens - 1 > 100


async def test_who_stops_leaves_the_slot_to_the_next(llama_settings: Make) -> None:
    endless = replace(TASK, max_tokens=15_000)
    async with started(llama_settings(n_ctx=16_384, max_concurrency=1)) as engine:
        writing = engine.write(endless)
        async for piece in writing:
            if piece.text:
                break
        waiting = asyncio.create_task(pieces_of(engine, replace(TASK, max_tokens=3)))
        await writing.aclose()
        assert sum(piece.tokens for piece in await waiting) == 3
        size = await engine.measure(endless)
        assert size is not None
        assert size.cached == size.tokens - 1  # what it had read is still there


async def test_who_stops_while_the_prompt_is_read_leaves_what_was_read(llama_settings: Make) -> None:
    long = replace(TASK, messages=(Message("user", "Покупатель вправе вернуть товар продавцу. " * 150),), max_tokens=3)
    async with started(llama_settings(n_ctx=4_096)) as engine:
        writing = engine.write(long)
        async for piece in writing:
            if piece.reading is not None and piece.reading.done:
                break
        await writing.aclose()
        again = await pieces_of(engine, long)
    assert again[-1].finish is FinishReason.LENGTH
    assert again[-1].cached_tokens is not None
    assert again[-1].cached_tokens > 0


async def test_more_texts_than_slots_are_all_written(llama_settings: Make) -> None:
    tasks = [replace(TASK, seed=seed, max_tokens=10) for seed in range(12)]
    async with started(llama_settings(max_concurrency=3)) as engine:
        assert (await engine.info()).concurrency == 3
        texts = {text_of(pieces) for pieces in await asyncio.gather(*(pieces_of(engine, task) for task in tasks))}
        assert len(texts) == 1


async def test_a_child_that_dies_in_the_middle_loses_nothing(llama_settings: Make) -> None:
    task, before = replace(TASK, max_tokens=15_000), list[Piece]()

    async def write() -> None:
        async for piece in engine.write(task):
            if piece.text and not before:
                os.kill(await child(engine), signal.SIGKILL)
            before.extend([piece] if piece.text else [])

    async with started(llama_settings(n_ctx=16_384)) as engine:
        with pytest.raises(EngineLostError):
            await write()
        after = await pieces_of(engine, replace(resumed(task, before), max_tokens=20))
    prompt = before[0].prompt_tokens
    assert prompt is not None
    readings = [piece.reading for piece in after if piece.reading is not None]
    assert readings[-1].total == prompt + len(ids_of(before))  # exactly the tokens that were written, and all of them
    assert len(ids_of(after)) == 20


@pytest.mark.parametrize("marks", [THINK, BRACKETS])
async def test_thoughts_are_no_answer(llama_settings: Make, tmp_path: Path, marks: tuple[str, str]) -> None:
    model = tiny_model(tmp_path / "thinking.gguf", thinking=marks)
    async with started(llama_settings(model_path=model)) as engine:
        pieces = await pieces_of(engine, replace(TASK, max_tokens=300))
        thoughts = [piece for piece in pieces if piece.thinking]
        answer = [piece for piece in pieces if piece.text]
        assert thoughts
        assert all(not piece.text and piece.tokens for piece in thoughts)
        assert pieces.index(thoughts[-1]) < pieces.index(answer[0])
        assert thoughts[0].prompt_tokens == pieces[-1].prompt_tokens
        assert all(piece.prompt_tokens is None for piece in (*thoughts[1:], *answer) if piece is not pieces[-1])
        assert not any(mark.strip("<>[]/") in text_of(pieces) for mark in marks)
        assert not any(sign.isascii() and sign.isalpha() for sign in text_of(pieces))
        assert sum(piece.tokens for piece in pieces) == 300
        assert len(ids_of(pieces)) <= sum(piece.tokens for piece in answer)
        after = await pieces_of(engine, resumed(replace(TASK, max_tokens=300), answer))
        assert not any(piece.thinking for piece in after)
        assert text_of(after)


async def test_a_thought_that_the_template_begins(llama_settings: Make, tmp_path: Path) -> None:
    model = tiny_model(tmp_path / "opened.gguf", thinking=THINK, template=OPENING_TEMPLATE)
    async with started(llama_settings(model_path=model)) as engine:
        pieces = await pieces_of(engine, replace(TASK, max_tokens=300))
        assert any(piece.thinking for piece in pieces)
        assert text_of(pieces)
        assert not any(sign.isascii() and sign.isalpha() for sign in text_of(pieces))
        answer = [piece for piece in pieces if piece.text]
        after = await pieces_of(engine, resumed(replace(TASK, max_tokens=300), answer))
        assert text_of(after)
        assert not any(piece.thinking for piece in after)


async def test_a_template_that_raises(llama_settings: Make, tmp_path: Path) -> None:
    """At some conversations."""
    moody = (
        "{%- for message in messages %}{%- if 'нет' in message['content'] %}"
        "{{- raise_exception('not this one') }}{%- endif %}{%- endfor %}" + CHAT_TEMPLATE
    )
    model = tiny_model(tmp_path / "moody.gguf", template=moody)
    async with started(llama_settings(model_path=model)) as engine:
        assert text_of(await pieces_of(engine, TASK))
        assert (await engine.info()).details["template"] == "own"
        assert text_of(await pieces_of(engine, replace(TASK, messages=(Message("user", "Или нет?"),))))
        details = (await engine.info()).details
    assert details["template"] == "plain"
    assert "not this one" in str(details["template_refused"])


@pytest.mark.parametrize("program", [False, True], ids=["package", "program"])
@pytest.mark.parametrize("template", [RAISING_TEMPLATE, "{% for message in %}{{"], ids=["raises", "broken"])
async def test_a_template_with_which_no_server_loads_the_model(
    llama_settings: Make, tmp_path: Path, template: str, program: bool
) -> None:
    settings = llama_settings(
        model_path=tiny_model(tmp_path / "raising.gguf", template=template),
        llama_server=str(llama_server(tmp_path)) if program else "",
    )
    async with started(settings) as engine:
        assert text_of(await pieces_of(engine, TASK))
        details = (await engine.info()).details
    assert details["template"] == "plain"
    assert "Шаблон" in str(details["template_refused"])


async def test_a_model_without_a_template(llama_settings: Make, tmp_path: Path) -> None:
    """The server has one of its own."""
    model = tiny_model(tmp_path / "bare.gguf", template=None)
    async with started(llama_settings(model_path=model)) as engine:
        assert text_of(await pieces_of(engine, TASK))


async def test_a_model_that_ends_by_itself(llama_settings: Make, tmp_path: Path) -> None:
    model = tiny_model(tmp_path / "short.gguf", eos_bias=20.0)
    async with started(llama_settings(model_path=model)) as engine:
        pieces = await pieces_of(engine, replace(TASK, max_tokens=1_000, temperature=1.0))
    assert pieces[-1].finish is FinishReason.STOP
    assert 2 not in ids_of(pieces)  # the end is no text


async def test_a_prompt_beyond_the_context_and_a_text_that_fills_it(llama_settings: Make) -> None:
    async with started(llama_settings(n_ctx=512)) as engine:
        beyond = replace(TASK, messages=(Message("user", "Покупатель вправе вернуть товар. " * 200),))
        with pytest.raises(EngineContextError):
            await pieces_of(engine, beyond)
        filling = await pieces_of(engine, replace(TASK, max_tokens=5_000))
        size = await engine.measure(TASK)
        assert size is not None
        assert filling[-1].finish is FinishReason.LENGTH
        assert sum(piece.tokens for piece in filling) == 512 - size.tokens
        full = await pieces_of(engine, resumed(replace(TASK, max_tokens=5_000), filling))
        assert [piece.finish for piece in full if piece.reading is None] == [FinishReason.LENGTH]


async def test_no_text_is_longer_than_the_model_was_trained_for(llama_settings: Make, tmp_path: Path) -> None:
    """The server ends it there: what is planned with more is never written."""
    model = tiny_model(tmp_path / "short.gguf", n_ctx_train=1_024)
    async with started(llama_settings(model_path=model, n_ctx=4_096, max_concurrency=2)) as engine:
        info, size = await engine.info(), await engine.measure(TASK)
        filling = await pieces_of(engine, replace(TASK, max_tokens=5_000))
    assert info.context == 1_024
    assert "VISTRAL_N_CTX=4096" in str(info.details["warning"])
    assert "используется 1024" in str(info.details["warning"])
    assert size is not None
    assert filling[-1].finish is FinishReason.LENGTH
    assert sum(piece.tokens for piece in filling) == 1_024 - size.tokens


@pytest.mark.parametrize("tokens", ['"all"', "7", "null", "[1.5]", '["a"]', "[7]", "[7, -1, 8, -1, -1, -1]"])
async def test_a_server_that_counts_rubbish(llama_settings: Make, tmp_path: Path, tokens: str) -> None:
    """Counting and measuring raise nothing; nothing else raises what has no name."""
    odd = odd_llama(tmp_path, {"/tokenize": f'{{"tokens": {tokens}}}', "/apply-template": '{"prompt": "Срок?"}'})
    async with started(llama_settings(llama_server=str(odd))) as engine:
        assert await engine.count(["Срок?", "Цена?"]) is None
        info = await engine.info()
        assert info.speed is None
        assert "llama-server" in str(info.details["unmeasured"])
        if tokens.startswith("[7"):  # which may be the tokens of one text
            return
        assert await engine.measure(TASK) is None
        with pytest.raises(EngineRubbishError):
            await pieces_of(engine, TASK)


@pytest.mark.parametrize("answer", ["rubbish", "[]", "{}", '{"prompt": 7}'])
async def test_a_server_whose_prompts_are_rubbish(llama_settings: Make, tmp_path: Path, answer: str) -> None:
    odd = odd_llama(tmp_path, {"/tokenize": '{"tokens": [7, -1]}', "/apply-template": answer, "/completion": "rubbish"})
    async with started(llama_settings(llama_server=str(odd))) as engine:
        assert await engine.count(["Срок?"]) == [1]
        assert await engine.measure(TASK) is None
        with pytest.raises(EngineRubbishError):
            await pieces_of(engine, TASK)


async def test_a_server_that_breaks_off_is_looked_at(llama_settings: Make, tmp_path: Path) -> None:
    """Whoever asks it sees it first."""
    odd = odd_llama(tmp_path, {"/tokenize": "", "/apply-template": ""})
    async with started(llama_settings(llama_server=str(odd))) as engine:
        for asking in (engine.count(["Срок?"]), engine.measure(TASK)):
            await engine.ready()
            assert await asking is None
            facts = (await engine.info()).details["child"]
            assert isinstance(facts, dict)
            assert facts["state"] == "restarting"


async def test_what_answers_taught_is_kept_while_it_runs(llama_settings: Make, tmp_path: Path) -> None:
    settings = llama_settings(data_dir=tmp_path / "data")
    file = tmp_path / "data" / "engine" / "speed.json"
    async with started(settings) as engine:
        file.unlink()  # what was measured at first
        await pieces_of(engine, TASK)
        await asyncio.to_thread(until_there, file)


async def test_the_speed_is_measured_once_and_kept(llama_settings: Make, tmp_path: Path) -> None:
    settings = llama_settings(data_dir=tmp_path / "data")
    async with started(settings) as engine:
        measured = (await engine.info()).speed
    engine = LlamaEngine.from_settings(settings)
    await engine.start()
    kept = (await engine.info()).speed  # before the model is loaded
    await engine.stop()
    assert measured is not None
    assert kept is not None
    assert kept.reading == pytest.approx(measured.reading, rel=0.01)
    assert kept.writing == pytest.approx(measured.writing, rel=0.01)


async def test_counting_needs_a_running_engine(llama_settings: Make) -> None:
    engine = LlamaEngine.from_settings(llama_settings())
    assert await engine.count(["Срок?"]) is None
    assert await engine.measure(TASK) is None
    with pytest.raises(EngineUnreachableError):
        await engine.ready()
    await engine.stop()
    async with started(llama_settings()) as engine:
        counted = await engine.count(["Срок?", "", "Покупатель вправе вернуть товар."])
        assert counted is not None
        assert counted[1] == 0
        assert counted[2] > counted[0] > 0


async def test_a_bad_file_stops_the_start(llama_settings: Make, tmp_path: Path) -> None:
    engine = LlamaEngine.from_settings(llama_settings(model_path=tmp_path / "none.gguf"))
    with pytest.raises(ModelFileError):
        await engine.start()
    await engine.stop()


async def test_facts_stay_the_same(llama_settings: Make) -> None:
    async with started(llama_settings()) as engine:
        assert await engine.info() == await engine.info()
        first = (await engine.info()).fingerprint
    async with started(llama_settings()) as engine:
        assert (await engine.info()).fingerprint == first
