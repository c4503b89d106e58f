"""The scripted engine: speed, faults, its file."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from advakod.engine import (
    Continuation,
    EngineFaultError,
    EngineLostError,
    FinishReason,
    Piece,
    Reading,
    WritingTask,
)
from advakod.engine.script import Fault, FaultKind, Script, load_script
from advakod.engine.scripted import BATCH, ScriptedEngine
from advakod.errors import SettingsError
from advakod.settings import load_settings
from tests.support.fake_openai import words

pytestmark = pytest.mark.anyio
TEXT = words(60)


async def read(
    script: Script, prefix: str = "", max_tokens: int = 1000, into: list[Piece] | None = None
) -> list[Piece]:
    """All pieces; `into` keeps those before a failure."""
    pieces: list[Piece] = [] if into is None else into
    async for piece in ScriptedEngine(script).write(WritingTask("?", prefix=prefix, max_tokens=max_tokens)):
        pieces.append(piece)
    return pieces


def text_of(pieces: list[Piece]) -> str:
    return "".join(piece.text for piece in pieces)


async def test_concatenation_is_exactly_the_text() -> None:
    text = "  Статья 18.\n\n«Права» —\tпокупателя.\n"
    assert text_of(await read(Script(text))) == text
    assert text_of(await read(Script())) == Script().text


async def test_goes_on_after_any_character() -> None:
    for cut in range(len(TEXT) + 1):
        pieces = await read(Script(TEXT), TEXT[:cut])
        assert TEXT[:cut] + text_of(pieces) == TEXT
        assert all(piece.text for piece in pieces[:-1])


async def test_a_foreign_prefix_is_lost() -> None:
    for script, prefix in ((Script(TEXT), "другое"), (Script(TEXT, continuation=Continuation.NONE), TEXT[:10])):
        with pytest.raises(EngineLostError):
            await read(script, prefix)


async def test_speed_does_not_drift() -> None:
    began = time.monotonic()
    async for _ in ScriptedEngine(Script(TEXT, tokens_per_second=100, prompt_seconds=0.1)).write(WritingTask("?")):
        time.sleep(0.03)  # noqa: ASYNC251  # a reader slower than the writer
    assert 0.68 <= time.monotonic() - began < 1.6


async def test_a_late_reader_gets_what_is_due_at_once() -> None:
    writing = ScriptedEngine(Script(TEXT, tokens_per_second=100)).write(WritingTask("?"))
    await anext(writing)
    await asyncio.sleep(0.15)
    assert (await anext(writing)).tokens >= 14
    await writing.aclose()


async def test_without_a_speed_tokens_come_in_full_batches() -> None:
    *pieces, last = await read(Script(words(20_000)), max_tokens=20_000)
    assert [piece.tokens for piece in pieces] == [BATCH] * (20_000 // BATCH)
    assert (last.tokens, last.finish) == (0, FinishReason.STOP)


async def test_an_error_comes_after_its_token_and_is_not_met_again() -> None:
    script = Script(TEXT, faults=(Fault(40, FaultKind.ERROR),))
    pieces: list[Piece] = []
    with pytest.raises(EngineFaultError):
        await read(script, into=pieces)
    so_far = text_of(pieces)
    assert len(so_far.split()) == 40
    assert so_far + text_of(await read(script, so_far)) == TEXT
    with pytest.raises(EngineFaultError):
        await read(script, so_far[:-20])


async def test_a_fault_before_the_first_token_is_met_by_every_new_writing() -> None:
    script = Script(TEXT, faults=(Fault(0, FaultKind.ERROR),))
    for _ in range(2):
        with pytest.raises(EngineFaultError):
            await read(script)


async def test_a_disconnect_ends_without_finish() -> None:
    pieces = await read(Script(TEXT, faults=(Fault(10, FaultKind.DISCONNECT),)))
    assert len(text_of(pieces).split()) == 10
    assert all(piece.finish is None for piece in pieces)


async def test_reading_is_told_before_the_first_token() -> None:
    began = time.monotonic()
    pieces = await read(Script(TEXT, prompt_seconds=0.3, prompt_tokens=900))
    assert time.monotonic() - began >= 0.29
    told = [piece.reading for piece in pieces if piece.reading]
    assert (told[0], told[-1], len(told)) == (Reading(0, 900), Reading(900, 900), 21)
    assert pieces[-1].prompt_tokens == 900
    assert text_of(pieces) == TEXT
    few = await read(Script(TEXT, prompt_tokens=2))
    assert [piece.reading for piece in few[:4]] == [Reading(0, 2), Reading(1, 2), Reading(2, 2), None]


async def test_a_silence_shifts_what_follows() -> None:
    began = time.monotonic()
    pieces = await read(Script(TEXT, tokens_per_second=600, faults=(Fault(5, FaultKind.SILENCE, 0.3),)))
    assert text_of(pieces) == TEXT
    assert time.monotonic() - began >= 0.39


async def test_ends_with_length() -> None:
    cut = await read(Script(TEXT), max_tokens=7)
    assert (len(text_of(cut).split()), cut[-1].finish) == (7, FinishReason.LENGTH)
    assert (await read(Script(TEXT, finish=FinishReason.LENGTH)))[-1].finish is FinishReason.LENGTH


def test_reads_its_file(tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_text("Ответ из файла.", "utf-8")
    path = tmp_path / "script.toml"
    path.write_text(
        """
        text_file = "text.txt"
        tokens_per_second = 20
        prompt_seconds = 0.5
        continuation = "prefill"
        finish = "length"
        prompt_tokens = 900
        faults = [{at = 120, kind = "silence", seconds = 40}, {at = 130, kind = "error"}]
        """,
        "utf-8",
    )
    assert load_script(path) == Script(
        "Ответ из файла.",
        20.0,
        0.5,
        (Fault(120, FaultKind.SILENCE, 40.0), Fault(130, FaultKind.ERROR)),
        Continuation.PREFILL,
        FinishReason.LENGTH,
        900,
    )


async def test_starts_without_a_file() -> None:
    engine = ScriptedEngine.from_settings(load_settings(engine="scripted"))
    assert (await engine.info()).continuation is Continuation.EXACT


@pytest.mark.parametrize(
    ("content", "names"),
    [
        (None, "нельзя прочитать"),
        (b"text = ", "не TOML"),
        (b"\xff\xfe", "UTF-8"),
        (b"", "ни text, ни text_file"),
        (b"text = '  '", "пуст"),
        (b"text = 1", "text"),
        (b"text_file = 'absent.txt'", "absent.txt"),
        (b"text = 'a'\ntext_file = 'b'", "что-то одно"),
        (b"text = 'a'\nspeed = 1", "speed"),
        (b"text = 'a'\ntokens_per_second = -1", "tokens_per_second"),
        (b"text = 'a'\ntokens_per_second = inf", "tokens_per_second"),
        (b"text = 'a'\nprompt_seconds = 'x'", "prompt_seconds"),
        (b"text = 'a'\nprompt_tokens = 1.5", "prompt_tokens"),
        (b"text = 'a'\nprompt_tokens = -1", "prompt_tokens"),
        (b"text = 'a'\nfinish = 'never'", "stop, length"),
        (b"text = 'a'\ncontinuation = 1", "exact, prefill, none"),
        (b"text = 'a'\nfaults = 1", "faults"),
        (b"text = 'a'\nfaults = [{at = -1, kind = 'error'}]", "at"),
        (b"text = 'a'\nfaults = [{at = 1}]", "kind"),
        (b"text = 'a'\nfaults = [{at = 1, kind = 'fire'}]", "silence, error, disconnect"),
        (b"text = 'a'\nfaults = [{at = 1, kind = 'silence'}]", "seconds"),
        (b"text = 'a'\nfaults = [{at = 1, kind = 'error', when = 2}]", "when"),
    ],
)
def test_a_mistake_in_the_file_is_one_sentence(tmp_path: Path, content: bytes | None, names: str) -> None:
    path = tmp_path / "script.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SettingsError) as caught:
        load_script(path)
    assert "ADVAKOD_SCRIPT" in caught.value.message
    assert names in caught.value.message
