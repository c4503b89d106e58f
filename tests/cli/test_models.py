"""`advakod model pull` and `check`: what a person sees, and what a program reads."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from advakod.cli import download as downloading
from advakod.cli import main
from advakod.cli.pulling import setting
from advakod.settings import load_settings
from tests.support.hub import COMMIT, FakeHub
from tests.support.odd_llama import odd_llama
from tests.support.tiny_gguf import tiny_model

NAME = "owner/name-GGUF"


@dataclass(frozen=True, slots=True)
class Said:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Model = Callable[..., Said]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_model(tmp_path_factory.mktemp("tiny") / "tiny-Q4_K_M.gguf")


@pytest.fixture
def logs() -> Iterator[None]:
    """Left as they were found: commands arrange them for their process."""
    loggers = [logging.getLogger(name) for name in ("", "advakod", "uvicorn", "uvicorn.error", "uvicorn.access")]
    before = [(logger, logger.level, logger.handlers[:], logger.propagate) for logger in loggers]
    yield
    for logger, level, handlers, propagate in before:
        logger.setLevel(level)
        logger.handlers, logger.propagate = handlers, propagate


@pytest.fixture
def model(logs: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Model:
    """Runs `advakod model …` with the data folder in this test's own."""
    monkeypatch.setenv("ADVAKOD_DATA_DIR", str(tmp_path / "var"))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr(downloading, "PAUSES", ())
    monkeypatch.setattr("huggingface_hub.file_download.time.sleep", lambda seconds: None)

    def run(*arguments: str | Path) -> Said:
        monkeypatch.setattr(sys, "argv", ["advakod", "model", *map(str, arguments)])
        with pytest.raises(SystemExit) as exit_:
            main()
        said = capsys.readouterr()
        return Said(int(exit_.value.code or 0), said.out, said.err)

    return run


@pytest.fixture
def one(hub: FakeHub, tiny: Path, tmp_path: Path) -> Path:
    """A repository with one model; where it goes by default."""
    hub.repositories[NAME] = {"README.md": b"#", "gguf/tiny-Q4_K_M.gguf": tiny.read_bytes()}
    return tmp_path / "var" / "models" / "tiny-Q4_K_M.gguf"


@pytest.fixture
def several(hub: FakeHub, tiny: Path) -> None:
    """One is too large for any machine, one is in parts, one is no model."""
    hub.repositories[NAME] = {
        "tiny-Q8_0.gguf": tiny.read_bytes(),
        "tiny-Q4_K_M.gguf": tiny.read_bytes(),
        "tiny-F16.gguf": b"x",
        "mmproj-F16.gguf": b"xx",
        "tiny-F32-00001-of-00002.gguf": b"xxx",
        "tiny-F32-00002-of-00002.gguf": b"xxx",
    }
    hub.faults.sizes = {"tiny-F16.gguf": 1 << 50, "tiny-Q8_0.gguf": 2_000_000}


def test_a_model_is_pulled_and_the_line_for_the_settings_is_told(model: Model, one: Path, tiny: Path) -> None:
    said = model("pull", NAME)
    assert said.code == 0
    assert one.read_bytes() == tiny.read_bytes()
    assert [path.name for path in one.parent.iterdir()] == [one.name]
    assert f"Скачано, контрольная сумма сошлась: {one}" in said.out
    assert f"\n  VISTRAL_MODEL_PATH={one}\n" in said.out
    assert "tiny-ru-law" in said.out
    assert f"model check {one}" in said.out
    assert "Скачивание: " in said.err
    assert "Проверка суммы: " in said.err


def test_again_there_is_nothing_to_do(model: Model, hub: FakeHub, one: Path) -> None:
    model("pull", NAME)
    hub.asked.clear()
    said = model("pull", NAME)
    assert said.code == 0
    assert f"Этот файл уже есть, контрольная сумма сошлась: {one}" in said.out
    assert hub.ranges() == []


def test_another_file_of_that_name_stays_unless_forced(model: Model, one: Path, tiny: Path) -> None:
    one.parent.mkdir(parents=True)
    one.write_bytes(b"mine")
    said = model("pull", NAME)
    assert said.code == 1
    assert f"{one} уже есть, и это другой файл. Заменить его: --force" in said.err
    assert said.err.rstrip().endswith("[model_exists]")
    assert one.read_bytes() == b"mine"
    assert model("pull", NAME, "--force").code == 0
    assert one.read_bytes() == tiny.read_bytes()


def test_a_folder_in_the_way_is_never_replaced(model: Model, one: Path) -> None:
    one.mkdir(parents=True)
    assert model("pull", NAME, "--force").code == 1
    assert one.is_dir()


def test_where_and_which_can_be_said(model: Model, hub: FakeHub, one: Path, tmp_path: Path) -> None:
    there = tmp_path / "другая папка"
    page = f"{hub.endpoint}/{NAME}/blob/main/gguf/tiny-Q4_K_M.gguf"
    said = model("pull", page, "--to", there, "--json")
    assert said.code == 0
    assert said.json["status"] == "downloaded"
    assert said.json["path"] == str(there / "tiny-Q4_K_M.gguf")
    assert said.json["revision"] == COMMIT
    assert said.json["fits"]
    assert (there / "tiny-Q4_K_M.gguf").is_file()


def test_a_page_of_another_hub_is_refused(model: Model, hub: FakeHub, one: Path) -> None:
    """What has that name here is somebody else's."""
    said = model("pull", f"https://huggingface.co/{NAME}")
    assert said.code == 1
    assert f"Это адрес на huggingface.co, а модели берутся с {hub.endpoint}" in said.err
    assert "HF_ENDPOINT=https://huggingface.co [model_other_hub]" in said.err
    assert hub.asked == []


def test_of_several_one_has_to_be_named(model: Model, several: None) -> None:
    said = model("pull", NAME)
    assert said.code == 1
    rows = {line.split()[0]: line for line in said.out.splitlines()}
    assert "1,9 МиБ" in rows["tiny-Q8_0.gguf"]
    assert "не поместится" not in rows["tiny-Q8_0.gguf"]
    assert "не поместится" in rows["tiny-F16.gguf"]
    assert "не сама модель" in rows["mmproj-F16.gguf"]
    assert "разбит на части (2)" in rows["tiny-F32-00001-of-00002.gguf"]
    assert said.err.rstrip().endswith(f"model pull {NAME} --file tiny-Q8_0.gguf [model_choice]")


def test_the_list_alone_is_no_error(model: Model, several: None) -> None:
    said = model("pull", NAME, "--dry-run", "--json")
    assert said.code == 0
    fits = {file["name"]: file["fits"] for file in said.json["files"]}
    assert fits == {
        "mmproj-F16.gguf": False,
        "tiny-F32-00001-of-00002.gguf": False,
        "tiny-Q4_K_M.gguf": True,
        "tiny-Q8_0.gguf": True,
        "tiny-F16.gguf": False,
    }


def test_a_piece_of_the_name_is_enough(model: Model, several: None, tmp_path: Path) -> None:
    assert model("pull", NAME, "--file", "q4_k").code == 0
    assert (tmp_path / "var" / "models" / "tiny-Q4_K_M.gguf").is_file()


def test_a_piece_that_fits_several_offers_them(model: Model, several: None) -> None:
    said = model("pull", NAME, "--file", "tiny")
    assert said.code == 1
    assert "[model_choice]" in said.err


def test_a_file_that_is_not_there(model: Model, several: None) -> None:
    said = model("pull", NAME, "--file", "Q5")
    assert said.code == 1
    assert f"В {NAME} нет файла «Q5». Есть: mmproj-F16.gguf, tiny-F32" in said.err


def test_a_split_model(model: Model, several: None) -> None:
    said = model("pull", NAME, "--file", "F32")
    assert said.code == 1
    assert "разбитая на части (2)" in said.err
    assert "--merge" in said.err


def test_a_repository_without_gguf(model: Model, hub: FakeHub) -> None:
    hub.repositories[NAME] = {"model.safetensors": b"x"}
    said = model("pull", NAME)
    assert said.code == 1
    assert f"В {NAME} нет файлов GGUF" in said.err


def test_a_dry_run_downloads_nothing(model: Model, hub: FakeHub, one: Path) -> None:
    said = model("pull", NAME, "--dry-run")
    assert said.code == 0
    assert f"Будет скачано в {one}" in said.out
    assert "на диске свободно" in said.out
    assert hub.ranges() == []
    assert not one.parent.exists()
    one.parent.mkdir(parents=True)
    one.write_bytes(b"mine")
    assert model("pull", NAME, "--dry-run", "--json").json["status"] == "in_the_way"


def test_a_file_that_is_no_model_after_all(model: Model, hub: FakeHub) -> None:
    hub.repositories[NAME] = {"page.gguf": b"<html>"}
    said = model("pull", NAME)
    assert said.code == 2
    assert "[model_file]" in said.err


def test_a_lost_network_says_what_is_kept(model: Model, hub: FakeHub, one: Path) -> None:
    hub.faults.cut_after = [300_000, *[0] * 20]
    said = model("pull", NAME)
    assert said.code == 1
    assert "Скачано 0,3 МиБ из" in said.err
    assert "повторите ту же команду" in said.err
    assert said.err.rstrip().endswith("[hub_unreachable]")
    hub.faults.cut_after.clear()
    again = model("pull", NAME)
    assert again.code == 0
    assert "из них есть 0,3 МиБ" in again.err
    assert hub.ranges()[-1] == "bytes=299008-"


def test_ctrl_c_keeps_the_part_and_says_how_to_go_on(model: Model, hub: FakeHub, one: Path, tiny: Path) -> None:
    content = tiny.read_bytes() + bytes(21 << 20)  # more than two of the library's chunks
    hub.repositories[NAME] = {one.name: content}
    hub.faults.stall_after = [15 << 20]
    command = [sys.executable, "-m", "advakod", "model", "pull", NAME]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env={**os.environ}) as process:
        hub.stalled.wait()
        part = written(one.parent, 10 << 20)
        process.send_signal(signal.SIGINT)
        assert process.wait() == 130
        assert process.stderr is not None
        told = process.stderr.read()
    assert "Скачано 10 МиБ из 22 МиБ, это сохранено" in told
    assert "Traceback" not in told
    assert part.stat().st_size == 10 << 20
    assert model("pull", NAME).code == 0
    assert hub.ranges() == ["", f"bytes={10 << 20}-"]
    assert one.read_bytes() == content


def written(folder: Path, size: int) -> Path:
    """The part, once it holds so many bytes; nobody tells when."""
    while not (found := [part for part in folder.glob("*.part") if part.stat().st_size >= size]):
        time.sleep(0.01)
    return found[0]


def test_a_hub_that_is_not_there(model: Model, hub: FakeHub) -> None:
    hub.stop()
    said = model("pull", NAME)
    assert said.code == 1
    assert said.err == (
        f"Нет связи с {hub.endpoint}. Проверьте сеть и прокси (HTTPS_PROXY); "
        "другой адрес хранилища задаёт HF_ENDPOINT. [hub_unreachable]\n"
    )


def test_without_the_library_it_is_said_how_to_get_it(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    said = model("pull", NAME)
    assert said.code == 1
    assert "pip install 'advakod[hub]'" in said.err


def test_a_model_is_described_and_fits(model: Model, tiny: Path) -> None:
    said = model("check", tiny)
    assert said.code == 0
    rows = {line.strip().split("  ")[0]: line.strip().split("  ")[-1].strip() for line in said.out.splitlines()}
    assert rows["Модель"] == "tiny-ru-law, llama, F32, 0,2 млн параметров"
    assert rows["Файл"] == f"{tiny}, 0,7 МиБ, целый"
    assert rows["Обучена"] == "на текстах до 32 768 токенов"
    assert rows["Поместится"] == "да"
    assert rows["Скорость"] == "не измерена"
    assert f"\n  VISTRAL_MODEL_PATH={tiny}\n" in said.out
    assert said.out.rstrip().endswith(f"model check {tiny} --measure")


def test_the_model_of_the_settings_is_checked(model: Model, tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VISTRAL_MODEL_PATH", str(tiny))
    monkeypatch.setenv("VISTRAL_N_CTX", "4096")
    monkeypatch.setenv("VISTRAL_MAX_CONCURRENCY", "3")
    facts = model("check", "--json").json
    assert facts["path"] == str(tiny)
    assert facts["fits"] is True
    assert facts["settings"] == {"n_ctx": 4096, "context": 4096, "slots": 3, "n_gpu_layers": 0}
    assert facts["memory"]["all"] < facts["memory"]["free"]
    assert facts["speed"] is None


def test_what_does_not_fit_is_refused_with_the_arithmetic(
    model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VISTRAL_N_CTX", "1048576")
    monkeypatch.setenv("VISTRAL_MAX_CONCURRENCY", "10000")
    large = tiny_model(tmp_path / "large.gguf", layers=48, n_ctx_train=1 << 19)
    said = model("check", large)
    assert said.code == 1
    assert "обучена на 524288 токенах: используется 524288" in said.out
    assert "VISTRAL_MAX_CONCURRENCY" in said.err
    assert said.err.rstrip().endswith("[model_memory]")
    told = model("check", large, "--json")
    assert told.code == 1
    assert (told.json["settings"]["n_ctx"], told.json["settings"]["context"]) == (1_048_576, 524_288)
    assert told.json["fits"] is False
    assert told.json["starts"] is False
    assert told.json["advice"].startswith("Модели не хватит памяти: нужно 775,")


def test_what_is_no_model(model: Model, tmp_path: Path) -> None:
    for path, why in ((tmp_path, "это папка"), (tmp_path / "absent.gguf", "такого файла нет")):
        said = model("check", path)
        assert said.code == 2
        assert why in said.err
    assert "Нужен файл" in model("check").err


def test_a_cut_file_is_told(model: Model, tiny: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.gguf"
    cut.write_bytes(tiny.read_bytes()[:-1000])
    said = model("check", cut)
    assert said.code == 2
    assert "[model_file]" in said.err


def test_the_speed_is_measured_once_and_kept(model: Model, tiny: Path) -> None:
    measured = model("check", tiny, "--measure", "--json").json["speed"]
    assert measured["reading"] > 0
    assert measured["writing"] > 0
    assert model("check", tiny, "--json").json["speed"] == measured
    assert "токенов в секунду" in model("check", tiny).out


def test_a_speed_that_cannot_be_measured_is_said_to_be_so(
    model: Model, tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd = odd_llama(tmp_path, {"/tokenize": "rubbish"})
    monkeypatch.setenv("VISTRAL_LLAMA_SERVER", str(odd))
    said = model("check", tiny, "--measure")
    assert said.code == 1
    assert "Измерить скорость не удалось: Сервер llama.cpp ответил непонятно" in said.err
    told = model("check", tiny, "--measure", "--json")
    assert (told.code, told.json["speed"]) == (1, None)
    assert "непонятно" in told.json["unmeasured"]


@pytest.mark.parametrize("name", ["model.gguf", "моя модель.gguf", "it's.gguf", "a#b.gguf", 'a"b\\c$d.gguf'])
def test_the_line_for_the_settings_is_read_back(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / name
    (tmp_path / ".env").write_text(f"{setting(path)}\n", "utf-8")
    monkeypatch.setenv("ADVAKOD_ENV_FILE", str(tmp_path / ".env"))
    assert load_settings().model_path == path
