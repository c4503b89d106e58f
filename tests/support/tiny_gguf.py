"""A GGUF of a megabyte that llama.cpp serves like a real model. It writes nonsense in well-formed Russian sub-words.

    tiny_model(folder / "tiny.gguf")                                  # never ends by itself
    tiny_model(folder / "short.gguf", eos_bias=17.0)                  # ends after some tens of tokens (20: after ten)
    tiny_model(folder / "deep.gguf", thinking=THINK)                  # thinks in English, then answers in Russian
    tiny_model(folder / "opened.gguf", thinking=THINK, template=OPENING_TEMPLATE)  # the prompt ends with <think>

The weights are random but for two tricks. Channel 0 of the residual stream is held constant, so that the head's
column 0 is a bias for each token: Russian sub-words 0, everything else far below. And in a model that thinks, the next
channels hold a code of each token of the thinking, which its successor's row in the head answers to: the chain opening
mark, English words, closing mark is always the same, begins after [/INST] only, and nothing leads back into it.
F32 weights: a continued text is the same text.
"""

from __future__ import annotations

import argparse
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import gguf
import numpy as np
from numpy.typing import NDArray

Weights = NDArray[np.float32]

RUSSIAN = """
Покупатель вправе вернуть товар продавцу, если недостатки не были оговорены до заключения договора. Продавец обязан
принять товар и вернуть уплаченную сумму в течение десяти дней. Работник имеет право на отпуск, отдых и своевременную
выплату заработной платы. Работодатель отвечает за задержку выплаты. Наниматель обязан вносить плату за жилое помещение,
собственник вправе требовать возмещения убытков. Суд рассматривает заявление, жалобу, ходатайство и выносит решение или
определение. Истец и ответчик пользуются равными правами. Исковая давность, договор аренды, наследство, завещание,
доверенность, нотариус, пристав, постановление, кодекс, статья, часть, пункт, закон, федеральный, гражданский,
трудовой, семейный, жилищный, налоговый, уголовный, административный. Если иное не предусмотрено законом, обязательство
должно быть исполнено в разумный срок. Потребитель может обратиться в суд по месту жительства. Госпошлина не взимается.
"""
ENGLISH = """
The question asks about goods that were sold with hidden defects. First find which statute applies, then check whether
the buyer may claim a refund. Several provisions look relevant here; one sets the term, another names who must pay.
"""
SPECIALS = ("<unk>", "<s>", "</s>", "[INST]", "[/INST]", "[SYSTEM_PROMPT]", "[/SYSTEM_PROMPT]", "<pad>")
UNK, BOS, EOS, ASKED, PAD = 0, 1, 2, 4, 7

CHAT_TEMPLATE = """\
{{- bos_token }}
{%- for message in messages %}
{%- if message['role'] == 'system' %}{{- '[SYSTEM_PROMPT]' + message['content'] + '[/SYSTEM_PROMPT]' }}
{%- elif message['role'] == 'user' %}{{- '[INST]' + message['content'] + '[/INST]' }}
{%- elif message['role'] == 'assistant' %}{{- message['content'] + eos_token }}
{%- else %}{{- raise_exception('roles: system, user, assistant') }}{%- endif %}
{%- endfor %}"""
OPENING_TEMPLATE = CHAT_TEMPLATE + "{%- if add_generation_prompt %}{{- '<think>' }}{%- endif %}"
RAISING_TEMPLATE = "{{- raise_exception('this template is never content') }}"
THINK = ("<think>", "</think>")
BRACKETS = ("[THINK]", "[/THINK]")

FORBIDDEN = -30.0  # of a token's bias: practically never
CODES = list(combinations(range(1, 25), 2))  # two channels for each token of the thinking
CHAIN = 10.0  # a code that is met adds about 8 * CHAIN to a token's logit, one half met half of it


@dataclass(frozen=True)
class Shape:
    """Numbers of a llama-architecture model."""

    layers: int
    width: int = 64
    inner: int = 128
    heads: int = 4
    heads_kv: int = 2
    head_dim: int = 16


@dataclass(frozen=True)
class Vocabulary:
    """Special tokens, thinking marks, 256 bytes, then what was merged; as bytes, in the order of their ids."""

    marks: tuple[str, ...]
    pieces: Sequence[bytes]
    merges: Sequence[tuple[bytes, bytes]]

    @property
    def first_piece(self) -> int:
        return len(SPECIALS) + len(self.marks)

    def __len__(self) -> int:
        return self.first_piece + len(self.pieces)

    def of(self, wanted: Any) -> list[int]:
        """Ids of the pieces that `wanted` accepts as text."""
        return [self.first_piece + i for i, piece in enumerate(self.pieces) if (text := _text(piece)) and wanted(text)]


def tiny_model(
    path: Path,
    *,
    eos_bias: float = FORBIDDEN,
    layers: int = 2,
    n_ctx_train: int = 32_768,
    template: str | None = CHAT_TEMPLATE,
    thinking: tuple[str, str] | None = None,
    name: str = "tiny-ru-law",
    seed: int = 7,
) -> Path:
    """Write the model in about a second; the same arguments give the same bytes. `template=None`: it has none."""
    vocabulary = Vocabulary(thinking or (), *_trained(900))
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name(name)
    _describe(writer, shape := Shape(layers), n_ctx_train)
    _add_tokenizer(writer, vocabulary, template)
    for tensor, weights in _weights(shape, vocabulary, eos_bias, np.random.default_rng(seed)):
        writer.add_tensor(tensor, weights)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _describe(writer: gguf.GGUFWriter, shape: Shape, n_ctx_train: int) -> None:
    writer.add_context_length(n_ctx_train)
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
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)


def _add_tokenizer(writer: gguf.GGUFWriter, vocabulary: Vocabulary, template: str | None) -> None:
    shown = _alphabet()
    kinds = [gguf.TokenType.CONTROL] * len(SPECIALS)
    kinds[UNK] = gguf.TokenType.UNKNOWN
    kinds += [gguf.TokenType.USER_DEFINED] * len(vocabulary.marks)  # marks are seen in the text
    kinds += [gguf.TokenType.NORMAL] * len(vocabulary.pieces)
    writer.add_vocab_size(len(vocabulary))
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("tekken")  # the family of Mistral-Small and Vistral
    writer.add_token_list([*SPECIALS, *vocabulary.marks, *(_show(piece, shown) for piece in vocabulary.pieces)])
    writer.add_token_types(kinds)
    writer.add_token_merges([f"{_show(left, shown)} {_show(right, shown)}" for left, right in vocabulary.merges])
    writer.add_bos_token_id(BOS)
    writer.add_eos_token_id(EOS)
    writer.add_unk_token_id(UNK)
    writer.add_pad_token_id(PAD)
    writer.add_add_bos_token(True)
    writer.add_add_eos_token(False)
    if template is not None:
        writer.add_chat_template(template)


def _weights(
    shape: Shape, vocabulary: Vocabulary, eos_bias: float, rng: np.random.Generator
) -> Iterator[tuple[str, Weights]]:
    def random(rows: int, columns: int, gain: float) -> Weights:
        return (rng.standard_normal((rows, columns)) * gain).astype(np.float32)

    width, ones = shape.width, np.ones(shape.width, np.float32)
    embedding = random(len(vocabulary), width, 1.0)
    embedding[:, 0] = width**0.5  # about half of it is left after the last norm
    held = [0, *_encode(vocabulary, embedding)]
    yield "token_embd.weight", embedding
    for layer in range(shape.layers):
        block = f"blk.{layer}"
        attended = random(width, shape.heads * shape.head_dim, 1.5 / (shape.heads * shape.head_dim) ** 0.5)
        lowered = random(width, shape.inner, 1.5 / shape.inner**0.5)
        attended[held] = lowered[held] = 0.0  # nobody writes to these channels
        yield f"{block}.attn_norm.weight", ones
        yield f"{block}.attn_q.weight", random(shape.heads * shape.head_dim, width, 1.5 / width**0.5)
        yield f"{block}.attn_k.weight", random(shape.heads_kv * shape.head_dim, width, 1.5 / width**0.5)
        yield f"{block}.attn_v.weight", random(shape.heads_kv * shape.head_dim, width, 1.5 / width**0.5)
        yield f"{block}.attn_output.weight", attended
        yield f"{block}.ffn_norm.weight", ones
        yield f"{block}.ffn_gate.weight", random(shape.inner, width, 1.5 / width**0.5)
        yield f"{block}.ffn_up.weight", random(shape.inner, width, 1.5 / width**0.5)
        yield f"{block}.ffn_down.weight", lowered
    yield "output_norm.weight", ones
    yield "output.weight", _head(vocabulary, eos_bias, embedding, random(len(vocabulary), width, 0.6))


def _head(vocabulary: Vocabulary, eos_bias: float, embedding: Weights, head: Weights) -> Weights:
    bias = np.full(len(vocabulary), FORBIDDEN, np.float32)
    bias[vocabulary.of(_is_russian)] = 0.0
    bias[EOS] = eos_bias
    head[EOS] = 0.0
    if vocabulary.marks:
        head[:, _channels()] = 0.0
        for code, following in zip(CODES, _chain(vocabulary)[1:], strict=False):
            head[following, code] = CHAIN
    head[:, 0] = bias / 4.0
    return head


def _encode(vocabulary: Vocabulary, embedding: Weights) -> list[int]:
    """Write the codes of the thinking, where there is one; returns their channels."""
    if not vocabulary.marks:
        return []
    embedding[:, _channels()] = 0.0
    for code, token in zip(CODES, _chain(vocabulary)[:-1], strict=False):
        embedding[token, code] = embedding.shape[1] ** 0.5
    return _channels()


def _channels() -> list[int]:
    return sorted({channel for code in CODES for channel in code})


def _chain(vocabulary: Vocabulary) -> list[int]:
    opening, closing = range(len(SPECIALS), vocabulary.first_piece)
    return [ASKED, opening, *vocabulary.of(_is_english), closing]


def _is_russian(text: str) -> bool:
    return len(text) > 1 and not text.isascii() and all(sign.isalpha() or sign in " ,." for sign in text)


def _is_english(text: str) -> bool:
    return len(text) > 3 and text.isascii() and text.strip().isalpha()


def _text(piece: bytes) -> str:
    """Empty when it is no text by itself: half a letter."""
    try:
        return piece.decode()
    except UnicodeDecodeError:
        return ""


@lru_cache(maxsize=1)
def _trained(merges: int) -> tuple[Sequence[bytes], Sequence[tuple[bytes, bytes]]]:
    """Byte pair encoding: the commonest pair of neighbours becomes a token, again and again."""
    found = re.findall(r" ?\w+| ?[^\w\s]+", " ".join((RUSSIAN + ENGLISH).split()))
    words = {tuple(bytes([byte]) for byte in word.encode()): count for word, count in Counter(found).items()}
    learned: list[tuple[bytes, bytes]] = []
    while len(learned) < merges and (pairs := _pairs(words)):
        pair = max(pairs, key=lambda known: (pairs[known], known))
        learned.append(pair)
        words = {_merged(word, pair): count for word, count in words.items()}
    return [bytes([byte]) for byte in range(256)] + [left + right for left, right in learned], learned


def _pairs(words: dict[tuple[bytes, ...], int]) -> Counter[tuple[bytes, bytes]]:
    pairs: Counter[tuple[bytes, bytes]] = Counter()
    for word, count in words.items():
        for pair in pairwise(word):
            pairs[pair] += count
    return pairs


def _merged(word: tuple[bytes, ...], pair: tuple[bytes, bytes]) -> tuple[bytes, ...]:
    if pair[0] not in word:
        return word
    out: list[bytes] = []
    rest = list(word)
    while rest:
        taken = 2 if tuple(rest[:2]) == pair else 1
        out.append(b"".join(rest[:taken]))
        del rest[:taken]
    return tuple(out)


def _alphabet() -> dict[int, str]:
    """Each byte as the sign that stands for it in a vocabulary of the gpt2 family."""
    printable = {*range(33, 127), *range(161, 173), *range(174, 256)}
    hidden = [byte for byte in range(256) if byte not in printable]
    return {byte: chr(byte) for byte in printable} | {byte: chr(256 + i) for i, byte in enumerate(hidden)}


def _show(piece: bytes, alphabet: dict[int, str]) -> str:
    return "".join(alphabet[byte] for byte in piece)


def main() -> None:
    """For benchmarks and drills: `python tests/support/tiny_gguf.py out.gguf --layers 2 --eos-bias -30`."""
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=Path)
    parser.add_argument("--layers", type=int, default=2)
    parser.add_argument("--ctx", type=int, default=32_768)
    parser.add_argument("--eos-bias", type=float, default=FORBIDDEN)
    given = parser.parse_args()
    print(tiny_model(given.out, eos_bias=given.eos_bias, layers=given.layers, n_ctx_train=given.ctx))


if __name__ == "__main__":
    main()
