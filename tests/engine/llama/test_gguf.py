"""What a model's file tells of itself, and what is said of files that are none."""

from __future__ import annotations

import struct
from contextlib import suppress
from pathlib import Path

import gguf
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from advakod.engine.llama.errors import ModelFileError
from advakod.engine.llama.gguf import ModelFile, read_header
from advakod.errors import SettingsError
from tests.support.tiny_gguf import CHAT_TEMPLATE, SPECIALS, THINK, tiny_model

calm = settings(max_examples=60, deadline=None)  # a busy machine is slow


def refusal(path: Path) -> str:
    with pytest.raises(ModelFileError) as caught:
        read_header(path)
    assert caught.value.code == "model_file"
    assert isinstance(caught.value, SettingsError)  # it stops the start, as any bad setting does
    assert str(path) in caught.value.message
    return caught.value.message


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "model.gguf"


class TestAModel:
    def test_tells_what_it_is(self, tiny_gguf: Path) -> None:
        model = read_header(tiny_gguf)
        assert (model.architecture, model.name, model.quantisation) == ("llama", "tiny-ru-law", "F32")
        assert (model.layers, model.heads_kv, model.head_dim, model.n_ctx_train) == (2, 2, 16, 32_768)
        assert model.chat_template == CHAT_TEMPLATE
        assert model.bytes == tiny_gguf.stat().st_size

    def test_counts_as_the_reference_reader_does(self, tiny_gguf: Path) -> None:
        model, reference = read_header(tiny_gguf), gguf.GGUFReader(tiny_gguf)
        assert model.parameters == sum(int(tensor.n_elements) for tensor in reference.tensors)
        assert model.weights == sum(int(tensor.n_bytes) for tensor in reference.tensors)
        assert model.vocabulary == len(reference.fields["tokenizer.ggml.tokens"].data)

    def test_may_have_no_template(self, file: Path) -> None:
        assert read_header(tiny_model(file, template=None)).chat_template == ""

    def test_has_a_fingerprint_of_its_tokens_and_its_weights(self, tmp_path: Path, tiny_gguf: Path) -> None:
        known = read_header(tiny_gguf).fingerprint
        assert read_header(tiny_model(tmp_path / "same.gguf")).fingerprint == known
        assert read_header(tiny_model(tmp_path / "trained-anew.gguf", seed=8)).fingerprint != known
        assert (
            read_header(tiny_model(tmp_path / "other-template.gguf", template="{{ bos_token }}")).fingerprint != known
        )

    def test_of_many_heads_takes_the_richest_layer(self, file: Path) -> None:
        writer = gguf.GGUFWriter(file, "deci")
        writer.add_head_count_kv([1, 8, 4])
        model = written(writer)
        assert model.heads_kv == 8

    def test_quantised_is_told_by_most_of_its_weights(self, file: Path) -> None:
        writer = gguf.GGUFWriter(file, "llama")
        blocks = np.zeros((64, 144), np.uint8)  # 64 rows of one block of 256 weights
        writer.add_tensor("big.weight", blocks, raw_dtype=gguf.GGMLQuantizationType.Q4_K)
        model = written(writer)
        assert model.quantisation == "Q4_K"
        assert model.parameters == 64 * 256 + 4

    @pytest.mark.parametrize(
        ("kind", "told", "weights"), [(40, "NVFP4", 64 * 144), (41, "Q1_0", 64 * 36), (99, "type 99", None)]
    )
    def test_of_a_newer_type_is_weighed_all_the_same(
        self, file: Path, kind: int, told: str, weights: int | None
    ) -> None:
        """By the table, or where it does not know the type by all that is there."""
        writer = gguf.GGUFWriter(file, "llama")
        writer.add_tensor("big.weight", np.zeros((64, 144), np.uint8), raw_dtype=gguf.GGMLQuantizationType.Q4_K)
        written(writer)
        content = bytearray(file.read_bytes())
        content[(place := content.index(b"big.weight") + 10 + 4 + 16) : place + 4] = struct.pack("<I", kind)
        file.write_bytes(content)
        model = read_header(file)
        assert model.quantisation == told
        assert model.weights == (64 * 144 + 32 if weights is None else weights + 16)

    def test_has_the_marks_of_its_prompts(self, tiny_gguf: Path, thinking_gguf: Path) -> None:
        assert read_header(tiny_gguf).marks == SPECIALS
        assert read_header(thinking_gguf).marks == (*SPECIALS, *THINK)

    def test_has_marks_and_no_words_among_them(self, file: Path) -> None:
        """Who trains a model on adds words of a language as user-defined tokens, and runs of spaces."""
        writer = gguf.GGUFWriter(file, "llama")
        writer.add_token_types([3, 4, 4, 4, 4, 4, 1, 3, 4])
        writer.add_token_list(["</s>", "договор", "\n\n", "...", "<b>", "[TOOL]", "<a>", "eos", "x" * 300])
        assert written(writer).marks == ("</s>", "<b>", "[TOOL]", "eos")


def written(writer: gguf.GGUFWriter) -> ModelFile:
    writer.add_tensor("norm.weight", np.ones(4, np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    assert writer.path is not None
    return read_header(writer.path)


class TestAFileThatIsNoModel:
    def test_does_not_exist(self, file: Path) -> None:
        assert "такого файла нет" in refusal(file)

    def test_is_a_folder(self, tmp_path: Path) -> None:
        assert "это папка" in refusal(tmp_path)

    @pytest.mark.parametrize(
        ("content", "reason"),
        [
            (b"", "он пуст"),
            (b"%PDF-1.7 and so on", "не модель в формате GGUF"),
            (b"FUGG" + bytes(64), "обратным порядком"),
            (b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
            (b"GGUF" + struct.pack("<IQQ", 1, 0, 0), "версия формата GGUF 1"),
            (b"GGUF" + struct.pack("<IQQ", 3, 0, 0), "нет модели"),
            (b"GGUF" + struct.pack("<IQQ", 3, 1 << 60, 1 << 60), "испорчен"),
            (b"GGUF" + struct.pack("<IQQ", 3, 1000, 1000), "обрывается"),
        ],
    )
    def test_is_something_else(self, file: Path, content: bytes, reason: str) -> None:
        file.write_bytes(content)
        assert reason in refusal(file)

    def test_lacks_its_end(self, file: Path, tiny_gguf: Path) -> None:
        whole = tiny_gguf.read_bytes()
        file.write_bytes(whole[:-1000])
        assert "не хватает 1000 байт" in refusal(file)

    def test_is_a_part_by_its_name(self, tmp_path: Path) -> None:
        part = tiny_model(tmp_path / "vistral-00001-of-00003.gguf")
        assert "одна из 3 частей" in refusal(part)

    def test_is_a_part_by_its_header(self, file: Path) -> None:
        writer = gguf.GGUFWriter(file, "llama")
        writer.add_uint16("split.count", 2)
        with pytest.raises(ModelFileError, match="2 частей"):
            written(writer)

    @calm
    @given(share=st.floats(0, 1, exclude_max=True))
    def test_cut_anywhere_is_said_to_be_cut(
        self, tmp_path_factory: pytest.TempPathFactory, tiny_gguf: Path, share: float
    ) -> None:
        whole, file = tiny_gguf.read_bytes(), tmp_path_factory.getbasetemp() / "cut.gguf"
        file.write_bytes(whole[: 4 + int((len(whole) - 4) * share)])
        assert "он обрывается" in refusal(file)

    @calm
    @given(st.data())
    def test_scrambled_is_refused_or_read_but_never_a_crash(
        self, tmp_path_factory: pytest.TempPathFactory, tiny_gguf: Path, data: st.DataObject
    ) -> None:
        content = bytearray(tiny_gguf.read_bytes()[:60_000])
        for _ in range(data.draw(st.integers(1, 8))):
            content[data.draw(st.integers(4, 2_000))] = data.draw(st.integers(0, 255))
        file = tmp_path_factory.getbasetemp() / "scrambled.gguf"
        file.write_bytes(content)
        refusal(file)

    @calm
    @given(st.data())
    def test_scrambled_and_whole(
        self, tmp_path_factory: pytest.TempPathFactory, tiny_gguf: Path, data: st.DataObject
    ) -> None:
        """There is enough behind any length that a header may claim."""
        content = bytearray(tiny_gguf.read_bytes())
        place = st.one_of(st.integers(4, 2_000), st.integers(4, 60_000))
        for _ in range(data.draw(st.integers(1, 8))):
            content[data.draw(place)] = data.draw(st.integers(0, 255))
        file = tmp_path_factory.getbasetemp() / "scrambled-whole.gguf"
        file.write_bytes(content)
        with suppress(ModelFileError):
            assert read_header(file).weights > 0
