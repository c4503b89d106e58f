"""A GGUF of a real model's exact shape, filled with random Q4_0 blocks: right for latency, useless for text.

The tokenizer, the template and which tokens are ever written are those of the tests' tiny model; unused tokens fill
the vocabulary up. Tensors are drawn one after another from one pool of random blocks, so that the speed is the disk's
and the memory that of the largest of them.
"""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gguf
import numpy as np
from numpy.typing import NDArray

from tests.support.tiny_gguf import BOS, CHAT_TEMPLATE, EOS, PAD, UNK, tiny_model

Blocks = NDArray[Any]

BLOCK = np.dtype([("d", "<f2"), ("q", "u1", 16)])  # Q4_0: 32 weights in a row, each d * (nibble - 8)
WEIGHTS = 32  # of a block
SPREAD = 4.32  # standard deviation of a nibble that is drawn from 1 to 15
NOTHING = 0x88  # two nibbles of 8: two weights of 0
POOL = 1 << 20  # random blocks, of 16 MB
STRIDE = 104_729  # blocks; a prime, so that no two tensors begin alike
FORBIDDEN = 1.0  # d of the head's first block: 8 times channel 0 below what may be written
CERTAINTY = 3.0  # standard deviation of what the head adds to the tokens that may be written


@dataclass(frozen=True, slots=True)
class Shape:
    """Numbers of a llama-architecture model."""

    layers: int
    width: int
    inner: int
    heads: int
    heads_kv: int
    head_dim: int
    vocabulary: int
    context: int = 32_768

    @property
    def bytes(self) -> int:
        """Of the weights; the file has a little more."""
        return sum(tensor.bytes for tensor in tensors(self))


SHAPES = {
    "24b": Shape(40, 5_120, 32_768, 32, 8, 128, 131_072),  # Vistral-24B, as Mistral-Small-24B
    "7b": Shape(32, 4_096, 14_336, 32, 8, 128, 32_768),
    "0.2b": Shape(12, 1_024, 4_096, 8, 4, 128, 8_192),
    "tiny": Shape(2, 64, 128, 4, 2, 32, 2_048),
}


@dataclass(frozen=True, slots=True)
class Tensor:
    """One of the model's; without columns it is a norm's vector of ones."""

    name: str
    rows: int
    columns: int = 0

    @property
    def bytes(self) -> int:
        return self.rows * self.columns // WEIGHTS * BLOCK.itemsize if self.columns else self.rows * 4


@dataclass(frozen=True, slots=True)
class Tokens:
    """A vocabulary as GGUF has it; `written`: which may come out."""

    names: list[str]
    kinds: list[int]
    merges: list[str]
    written: NDArray[np.bool_]


def tensors(shape: Shape) -> Iterator[Tensor]:
    """In the file's order."""
    attention, keys = shape.heads * shape.head_dim, shape.heads_kv * shape.head_dim
    yield Tensor("token_embd.weight", shape.vocabulary, shape.width)
    for layer in range(shape.layers):
        block = f"blk.{layer}."
        yield Tensor(f"{block}attn_norm.weight", shape.width)
        yield Tensor(f"{block}attn_q.weight", attention, shape.width)
        yield Tensor(f"{block}attn_k.weight", keys, shape.width)
        yield Tensor(f"{block}attn_v.weight", keys, shape.width)
        yield Tensor(f"{block}attn_output.weight", shape.width, attention)
        yield Tensor(f"{block}ffn_norm.weight", shape.width)
        yield Tensor(f"{block}ffn_gate.weight", shape.inner, shape.width)
        yield Tensor(f"{block}ffn_up.weight", shape.inner, shape.width)
        yield Tensor(f"{block}ffn_down.weight", shape.width, shape.inner)
    yield Tensor("output_norm.weight", shape.width)
    yield Tensor("output.weight", shape.vocabulary, shape.width)


def big_model(path: Path, shape: Shape, *, name: str, seed: int = 7) -> Path:
    """Write the model; the same arguments give the same bytes. Beside it first: a file by this name is whole."""
    beside = path.with_suffix(".part")
    writer = gguf.GGUFWriter(beside, "llama")
    writer.add_name(name)
    tokens = _tokens(shape.vocabulary)
    _describe(writer, shape)
    _add_tokenizer(writer, tokens)
    for tensor in tensors(shape):
        _announce(writer, tensor)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    pool = _pool(np.random.default_rng(seed))
    for place, tensor in zip(itertools.count(0, STRIDE), tensors(shape), strict=False):
        writer.write_tensor_data(_weights(tensor, pool, place, tokens.written))
    writer.close()
    return beside.rename(path)


def _tokens(size: int) -> Tokens:
    with tempfile.TemporaryDirectory() as folder:
        reader = gguf.GGUFReader(tiny_model(Path(folder) / "tiny.gguf"))
        names, kinds, merges = (
            reader.fields[f"tokenizer.ggml.{of}"].contents() for of in ("tokens", "token_type", "merges")
        )
        head = next(tensor for tensor in reader.tensors if tensor.name == "output.weight").data
        written = np.zeros(size, np.bool_)
        written[: len(names)] = np.asarray(head)[:, 0] == 0.0  # the bias of what the tiny model writes
    spare = size - len(names)
    unused = [f"<unused{number}>" for number in range(spare)]
    return Tokens([*names, *unused], [*kinds, *[int(gguf.TokenType.UNUSED)] * spare], merges, written)


def _describe(writer: gguf.GGUFWriter, shape: Shape) -> None:
    writer.add_context_length(shape.context)
    writer.add_embedding_length(shape.width)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(shape.inner)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.heads_kv)
    writer.add_key_length(shape.head_dim)
    writer.add_value_length(shape.head_dim)
    writer.add_rope_dimension_count(shape.head_dim)
    writer.add_rope_freq_base(1e8)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q4_0)


def _add_tokenizer(writer: gguf.GGUFWriter, tokens: Tokens) -> None:
    writer.add_vocab_size(len(tokens.names))
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("tekken")
    writer.add_token_list(tokens.names)
    writer.add_token_types(tokens.kinds)
    writer.add_token_merges(tokens.merges)
    writer.add_bos_token_id(BOS)
    writer.add_eos_token_id(EOS)
    writer.add_unk_token_id(UNK)
    writer.add_pad_token_id(PAD)
    writer.add_add_bos_token(True)
    writer.add_add_eos_token(False)
    writer.add_chat_template(CHAT_TEMPLATE)


def _announce(writer: gguf.GGUFWriter, tensor: Tensor) -> None:
    if not tensor.columns:
        writer.add_tensor_info(tensor.name, (tensor.rows,), np.dtype("f4"), tensor.bytes)
        return
    row = tensor.columns // WEIGHTS * BLOCK.itemsize  # the writer takes a shape in bytes when the type is given
    kind = gguf.GGMLQuantizationType.Q4_0
    writer.add_tensor_info(tensor.name, (tensor.rows, row), np.dtype("u1"), tensor.bytes, raw_dtype=kind)


def _pool(random: np.random.Generator) -> NDArray[np.uint8]:
    """Blocks of nibbles from 1 to 15, whose mean is a weight of 0."""
    low, high = (random.integers(1, 16, size=(POOL, 16), dtype=np.uint8) for _ in range(2))
    return low + 16 * high


def _weights(tensor: Tensor, pool: NDArray[np.uint8], place: int, written: NDArray[np.bool_]) -> NDArray[Any]:
    if not tensor.columns:
        return np.ones(tensor.rows, np.float32)
    blocks: Blocks = np.empty(tensor.rows * tensor.columns // WEIGHTS, BLOCK)
    blocks["d"] = 1 / (SPREAD * tensor.columns**0.5)  # what goes through keeps its size
    for begin in range(0, len(blocks), POOL):
        part = blocks["q"][begin : begin + POOL]
        part[:] = np.roll(pool, -(place + begin // POOL * STRIDE), axis=0)[: len(part)]
    blocks = blocks.reshape(tensor.rows, -1)
    _hold_channel_0(tensor, blocks, written)
    return blocks.view(np.uint8).reshape(tensor.rows, -1)


def _hold_channel_0(tensor: Tensor, blocks: Blocks, written: NDArray[np.bool_]) -> None:
    """The same for every token and written to by nobody, so that the head's weight for it is a token's bias."""
    if tensor.name.endswith(("attn_output.weight", "ffn_down.weight")):
        blocks["d"][0] = 0
    elif tensor.name == "token_embd.weight":
        blocks["d"] = 1 / SPREAD
        blocks["q"][:, 0] = NOTHING
        blocks["q"][:, 0, 0] = 0x8F  # the first weight is 7 * d
        blocks["d"][:, 0] = tensor.columns**0.5 / 7  # holds its own against all the other channels
    elif tensor.name == "output.weight":
        blocks["d"] *= CERTAINTY
        blocks["d"][:, 0] = FORBIDDEN
        blocks["q"][:, 0] = NOTHING
        blocks["q"][~written, 0, 0] = 0x80  # the first weight is -8 * d
