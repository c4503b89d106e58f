"""How the child is started, and what stops the start."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from advakod.engine.llama.errors import LlamaServerError
from advakod.engine.llama.gguf import read_header
from advakod.engine.llama.launch import PORT, Launch, batch_of, command, slots_of, threads_of
from advakod.settings import Settings
from tests.support.llama_server import llama_server, script
from tests.support.tiny_gguf import tiny_model

Make = Callable[..., Settings]


def launch(settings: Settings) -> Launch:
    assert settings.model_path is not None
    return command(settings, read_header(settings.model_path))


def refusal(settings: Settings) -> str:
    with pytest.raises(LlamaServerError) as caught:
        launch(settings)
    assert caught.value.code == "llama_server"
    return caught.value.message


def test_the_package_runs_in_our_host(llama_settings: Make) -> None:
    made = launch(llama_settings(max_concurrency=3))
    assert made.server.startswith("xllamacpp 20")
    assert made.announces
    assert f'"n_ctx": {3 * 2048}' in made.argv[-1]  # split over the slots
    assert made.n_ctx == 2048


def test_no_context_is_longer_than_the_training(llama_settings: Make, tmp_path: Path) -> None:
    model = tiny_model(tmp_path / "short.gguf", n_ctx_train=1_024)
    made = launch(llama_settings(model_path=model, max_concurrency=2))
    assert made.n_ctx == 1_024
    assert f'"n_ctx": {2 * 1_024}' in made.argv[-1]
    argv = launch(llama_settings(model_path=model, llama_server=str(llama_server(tmp_path)))).argv
    assert argv[argv.index("--ctx-size") + 1] == "1024"


def test_a_binary_gets_its_own_options(llama_settings: Make, tmp_path: Path) -> None:
    program = llama_server(tmp_path)
    made = launch(llama_settings(llama_server=str(program), max_concurrency=2))
    assert made.server == "llama-server 6710 (74b8fc17)"
    options = made.argv[made.argv.index(str(program)) :]
    assert options[options.index("--ctx-size") + 1] == "4096"
    assert options[options.index("--parallel") + 1] == "2"
    assert PORT in options
    assert not made.announces


def test_a_binary_is_found_by_name(llama_settings: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    program = llama_server(tmp_path)
    assert str(program) in launch(llama_settings(llama_server="llama-server")).argv


def test_the_key_is_in_the_environment_alone(llama_settings: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADVAKOD_API_KEYS", "anna:user:0")
    made, other = launch(llama_settings()), launch(llama_settings())
    assert made.env["LLAMA_API_KEY"] == made.key
    assert made.key not in " ".join(made.argv)
    assert made.key not in repr(made)
    assert made.key != other.key
    assert "ADVAKOD_API_KEYS" not in made.env  # nothing that the child has no use for
    assert made.env["GOMP_SPINCOUNT"] == "1000"


def test_hardware_decides_what_is_not_set(llama_settings: Make) -> None:
    plain, gpu = llama_settings(n_threads=0), llama_settings(n_gpu_layers=40)
    assert (slots_of(plain), slots_of(gpu), slots_of(llama_settings(max_concurrency=7))) == (1, 4, 7)
    assert slots_of(llama_settings(max_concurrency=10_000)) == 256  # llama.cpp loads with no more
    assert batch_of(plain) < batch_of(gpu)
    assert threads_of(plain) >= 1
    assert threads_of(llama_settings(n_threads=5)) == 5


class TestTheStartStops:
    def test_without_the_package(self, llama_settings: Make, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "xllamacpp", None)  # Python's own way to say: not to be imported
        assert "pip install 'advakod[llama]'" in refusal(llama_settings())

    def test_without_the_binary(self, llama_settings: Make, tmp_path: Path) -> None:
        told = refusal(llama_settings(llama_server=str(tmp_path / "llama-server")))
        assert "такой программы нет" in told

    def test_with_a_file_that_cannot_be_executed(self, llama_settings: Make, tiny_gguf: Path) -> None:
        assert "нельзя выполнять" in refusal(llama_settings(llama_server=str(tiny_gguf)))

    @pytest.mark.parametrize("text", ["#!/bin/sh\necho sh 1.0", "#!/bin/sh\nexit 1", "#!/no/such/interpreter"])
    def test_with_another_program(self, llama_settings: Make, tmp_path: Path, text: str) -> None:
        program = script(tmp_path / "other", text)
        assert "не похож на llama-server" in refusal(llama_settings(llama_server=str(program)))

    def test_with_gpu_layers_for_the_package(self, llama_settings: Make) -> None:
        told = refusal(llama_settings(n_gpu_layers=40))
        assert "VISTRAL_N_GPU_LAYERS" in told
        assert "VISTRAL_LLAMA_SERVER" in told

    def test_with_gpu_layers_for_a_binary_without_a_gpu(self, llama_settings: Make, tmp_path: Path) -> None:
        told = refusal(llama_settings(n_gpu_layers=40, llama_server=str(llama_server(tmp_path))))
        assert "не видит видеокарты" in told

    def test_but_not_where_there_is_one(self, llama_settings: Make, tmp_path: Path) -> None:
        program = llama_server(tmp_path, gpu=True)
        argv = launch(llama_settings(n_gpu_layers=40, llama_server=str(program))).argv
        assert argv[argv.index("--n-gpu-layers") + 1] == "40"
