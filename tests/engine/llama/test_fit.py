"""Whether a model fits, by arithmetic that a person can follow."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from advakod.engine.llama import cgroups
from advakod.engine.llama.errors import ModelMemoryError
from advakod.engine.llama.fit import CELL, GIB, MIB, check, context_warning, free, need
from advakod.engine.llama.gguf import ModelFile, read_header


@pytest.fixture
def vistral(tiny_gguf: Path) -> ModelFile:
    """The shape of Vistral-24B in Q4_0."""
    return replace(
        read_header(tiny_gguf),
        layers=40,
        heads_kv=8,
        head_dim=128,
        width=5_120,
        inner=32_768,
        vocabulary=131_072,
        weights=13_300_000_000,
        n_ctx_train=32_768,
    )


def refusal(model: ModelFile, available: int, n_ctx: int = 8_192, slots: int = 1) -> str:
    with pytest.raises(ModelMemoryError) as caught:
        check(model, need(model, n_ctx, slots, 64), available, n_ctx=n_ctx, slots=slots)
    assert caught.value.code == "model_memory"
    return caught.value.message


def test_needs_weights_a_cache_for_each_text_and_room_to_work(vistral: ModelFile) -> None:
    memory = need(vistral, 8_192, 2, 64, shelf=512 * MIB)
    assert memory.weights == 13_300_000_000
    assert memory.cache == 2 * 8_192 * (160 * 1024 + CELL)  # 160 KiB a token
    assert memory.all == memory.weights + memory.cache + memory.work + 512 * MIB
    assert memory.work < GIB


def test_layers_on_a_gpu_need_no_memory_here(vistral: ModelFile) -> None:
    memory = need(vistral, 8_192, 4, 512, n_gpu_layers=99)
    assert (memory.weights, memory.cache) == (0, 0)
    assert 0 < need(vistral, 8_192, 4, 512, n_gpu_layers=20).weights < vistral.weights


def test_what_fits_is_let_pass(vistral: ModelFile) -> None:
    check(vistral, need(vistral, 8_192, 1, 64), 24 * GIB, n_ctx=8_192, slots=1)


def test_the_refusal_has_the_arithmetic(vistral: ModelFile) -> None:
    told = refusal(vistral, 8 * GIB)
    assert "нужно 13,9" in told
    assert "веса 12,39, контекст 1,25, рабочая память 0,3" in told
    assert "свободно 8,00 ГиБ" in told
    assert "квантизацией" in told  # nothing else helps


def test_fewer_texts_at_once_are_advised_first(vistral: ModelFile) -> None:
    assert "VISTRAL_MAX_CONCURRENCY с 4 до 2" in refusal(vistral, 16 * GIB, slots=4)


def test_a_shorter_context_is_advised_when_it_helps(vistral: ModelFile) -> None:
    told = refusal(vistral, 15 * GIB, n_ctx=32_768)
    assert "VISTRAL_N_CTX с 32768 до 14" in told


def test_a_long_context_takes_more_than_its_numbers(tiny_gguf: Path) -> None:
    """As a child with 4 million tokens of this model was seen to: 1,265 MiB, of them 34 without a context."""
    memory = need(read_header(tiny_gguf), 4 * MIB, 1, 64)
    assert 1_230 * MIB < memory.cache < 1_240 * MIB
    assert memory.work > need(read_header(tiny_gguf), 2_048, 1, 64).work + 512 * MIB  # once so much is written


def test_a_context_beyond_the_training_is_warned_of(vistral: ModelFile) -> None:
    warning = context_warning(vistral, 65_536)
    assert warning is not None
    assert "VISTRAL_N_CTX=65536" in warning
    assert "используется 32768" in warning
    assert context_warning(vistral, 32_768) is None
    assert context_warning(replace(vistral, n_ctx_train=0), 65_536) is None


def test_free_memory_is_what_this_machine_has() -> None:
    assert 0 < free() < 1 << 50


class TestAContainer:
    def test_of_version_two(self, tmp_path: Path) -> None:
        own = tmp_path / "own"
        own.write_text("0::/user/app\n")
        self.write(tmp_path / "user" / "app", {"memory.max": "max", "memory.current": "5", "cpu.max": "max 100000"})
        limits = {"memory.max": "1000", "memory.current": "700", "memory.stat": "anon 1\ninactive_file 200\n"}
        self.write(tmp_path / "user", limits | {"cpu.max": "150000 100000"})
        assert list(cgroups.memory_left(tmp_path, own)) == [500]
        assert cgroups.cores(tmp_path, own) == 1.5

    def test_of_version_one(self, tmp_path: Path) -> None:
        own = tmp_path / "own"
        own.write_text("4:memory:/docker/1\n3:cpu,cpuacct:/docker/1\n")
        self.write(tmp_path / "memory", {"memory.limit_in_bytes": "1000", "memory.usage_in_bytes": "400"})
        self.write(tmp_path / "cpu,cpuacct", {"cpu.cfs_quota_us": "200000", "cpu.cfs_period_us": "100000"})
        assert list(cgroups.memory_left(tmp_path, own)) == [600]
        assert cgroups.cores(tmp_path, own) == 2.0

    def test_none(self, tmp_path: Path) -> None:
        assert list(cgroups.memory_left(tmp_path, tmp_path / "own")) == []
        assert cgroups.cores(tmp_path, tmp_path / "own") is None

    @staticmethod
    def write(folder: Path, files: dict[str, str]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (folder / name).write_text(text)
