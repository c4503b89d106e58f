"""The header of a GGUF file: what model it is, and whether the file is whole.

Layout: github.com/ggml-org/ggml, docs/gguf.md. Nothing in a file is believed before it is bounded: lengths against
limits of our own and the file's size. Of the vocabulary only the marks are kept. Weights are not read, but for a few
samples that tell two trainings of one model apart.
"""

from __future__ import annotations

import hashlib
import math
import os
import re
import struct
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NoReturn

from .errors import ModelFileError

MAGIC = b"GGUF"
VERSIONS = (2, 3)
MOST_ENTRIES = 1 << 20  # tensors, metadata: the largest models have thousands
LONGEST_TEXT = 1 << 24  # bytes of one value; templates have tens of thousands
MOST_TOKENS = 1 << 22  # of a vocabulary: the largest have 300 thousand
LONGEST_MARK = 256  # bytes
KEPT = 4_096  # elements of an array of numbers that are kept: one a layer, never a vocabulary
SAMPLES, SAMPLE = 16, 4_096  # pieces of the weights in the fingerprint, and bytes of each
PART = re.compile(r"-\d{5}-of-(\d{5})\.gguf$", re.IGNORECASE)

NUMBERS = {0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q", 11: "<q", 12: "<d"}
TEXT, ARRAY = 8, 9
TOKENS, TOKEN_TYPES = "tokenizer.ggml.tokens", "tokenizer.ggml.token_type"
USER_DEFINED = 4
MARKS = {2, 3, USER_DEFINED}  # token types that are found in a prompt as they are written; 2: unknown, 3: control
SIGNED = re.compile(r"[!-/:-@\[-`{-~].*\w.*[!-/:-@\[-`{-~]")  # other user-defined tokens are words, spaces, figures

# ggml type -> name, weights in a block, bytes of a block (ggml.c, type_traits)
TYPES: Mapping[int, tuple[str, int, int]] = {
    0: ("F32", 1, 4),
    1: ("F16", 1, 2),
    2: ("Q4_0", 32, 18),
    3: ("Q4_1", 32, 20),
    6: ("Q5_0", 32, 22),
    7: ("Q5_1", 32, 24),
    8: ("Q8_0", 32, 34),
    9: ("Q8_1", 32, 36),
    10: ("Q2_K", 256, 84),
    11: ("Q3_K", 256, 110),
    12: ("Q4_K", 256, 144),
    13: ("Q5_K", 256, 176),
    14: ("Q6_K", 256, 210),
    15: ("Q8_K", 256, 292),
    16: ("IQ2_XXS", 256, 66),
    17: ("IQ2_XS", 256, 74),
    18: ("IQ3_XXS", 256, 98),
    19: ("IQ1_S", 256, 50),
    20: ("IQ4_NL", 32, 18),
    21: ("IQ3_S", 256, 110),
    22: ("IQ2_S", 256, 82),
    23: ("IQ4_XS", 256, 136),
    24: ("I8", 1, 1),
    25: ("I16", 1, 2),
    26: ("I32", 1, 4),
    27: ("I64", 1, 8),
    28: ("F64", 1, 8),
    29: ("IQ1_M", 256, 56),
    30: ("BF16", 1, 2),
    34: ("TQ1_0", 256, 54),
    35: ("TQ2_0", 256, 66),
    39: ("MXFP4", 32, 17),
    40: ("NVFP4", 64, 36),
    41: ("Q1_0", 128, 18),
}

Value = str | int | float | bool | list[int] | list[bytes]


@dataclass(frozen=True, slots=True)
class ModelFile:
    """What a GGUF file says of itself; numbers that it does not give are 0."""

    path: Path
    bytes: int  # of the file
    architecture: str
    name: str
    parameters: int
    quantisation: str  # of most weights: Q4_K, F16
    layers: int
    heads_kv: int  # of one layer; where layers differ, of the richest
    head_dim: int  # of a key; values are as wide in every model met so far
    width: int  # of the stream between layers
    inner: int  # of the feed-forward network
    n_ctx_train: int
    vocabulary: int  # tokens
    chat_template: str  # Jinja; empty: none
    weights: int  # bytes
    fingerprint: str  # of header and samples of the weights: the same model and the same tokens
    marks: tuple[str, ...] = ()  # texts that a prompt's tokenizer takes for one token each: [INST], </s>


@dataclass(frozen=True, slots=True)
class _Tensor:
    name: str
    weights: int
    kind: int
    offset: int  # from the beginning of the data

    @property
    def bytes(self) -> int:
        """0 for a type that is newer than this table."""
        _, block, size = TYPES.get(self.kind, ("", 1, 0))
        return -(-self.weights // block) * size


def read_header(path: Path) -> ModelFile:
    """Read and check a model file. Raises ModelFileError with what is wrong and what to do."""
    try:
        with path.open("rb") as file:
            return _Header(path, file, os.fstat(file.fileno()).st_size).read()
    except FileNotFoundError:
        reason = "такого файла нет, проверьте VISTRAL_MODEL_PATH"
    except IsADirectoryError:
        reason = "это папка, а нужен файл .gguf в ней"
    except PermissionError:
        reason = "нет права его читать"
    except OSError as error:
        reason = f"не читается ({error.strerror or error})"
    raise _refused(path, reason)


def _refused(path: Path, reason: str) -> ModelFileError:
    return ModelFileError(f"{path}: {reason}", path=path, reason=reason)


class _Header:
    """One pass over a header; everything read goes into the fingerprint."""

    def __init__(self, path: Path, file: BinaryIO, size: int) -> None:
        self._path, self._file, self._size = path, file, size
        self._digest = hashlib.sha256(size.to_bytes(8, "little"))

    def read(self) -> ModelFile:
        tensors_count = self._check_start()
        values = dict(self._entry() for _ in range(self._count()))
        tensors = [self._tensor() for _ in range(tensors_count)]
        self._check_parts(values)
        if not tensors or not isinstance(values.get("general.architecture"), str):
            self._fail("в нём нет модели: скачайте файл с весами, а не словарь или дополнение к модели")
        alignment = max(1, _whole(values, "general.alignment", 32))
        begin = -(-self._file.tell() // alignment) * alignment
        self._check_whole(begin + max(tensor.offset + tensor.bytes for tensor in tensors))
        self._sample(begin)
        return self._model(values, tensors, self._size - begin)

    def _check_start(self) -> int:
        """Returns the number of tensors."""
        if self._size == 0:
            self._fail("он пуст: скачайте его заново")
        if (magic := self._file.read(4)) != MAGIC:
            self._fail(_impostor(magic))
        version = self._number("<I")
        if version not in VERSIONS:
            self._fail(f"версия формата GGUF {version} не поддерживается, нужна {VERSIONS[0]} или {VERSIONS[-1]}")
        return self._count()

    def _check_parts(self, values: Mapping[str, Value]) -> None:
        found = PART.search(self._path.name)
        parts = max(_whole(values, "split.count"), int(found[1]) if found else 0)
        if parts > 1:
            self._fail(f"это одна из {parts} частей; соедините их: llama-gguf-split --merge ПЕРВАЯ_ЧАСТЬ ЦЕЛЫЙ_ФАЙЛ")

    def _check_whole(self, end: int) -> None:
        if end > self._size:
            self._fail(f"он обрывается: не хватает {end - self._size} байт из {end}; скачайте его до конца")

    def _model(self, values: Mapping[str, Value], tensors: list[_Tensor], data: int) -> ModelFile:
        """`data`: bytes behind the header."""
        architecture = str(values["general.architecture"])

        def number(key: str, default: int = 0) -> int:
            return _whole(values, f"{architecture}.{key}", default)

        heads, width = number("attention.head_count"), number("embedding_length")
        return ModelFile(
            path=self._path,
            bytes=self._size,
            architecture=architecture,
            name=str(values.get("general.name") or self._path.stem),
            parameters=sum(tensor.weights for tensor in tensors),
            quantisation=_commonest(tensors),
            layers=number("block_count"),
            heads_kv=number("attention.head_count_kv", heads),
            head_dim=number("attention.key_length", width // heads if heads else 0),
            width=width,
            inner=number("feed_forward_length"),
            n_ctx_train=number("context_length"),
            vocabulary=len(_list(values, TOKENS)) or number("vocab_size"),
            chat_template=str(values.get("tokenizer.chat_template", "")),
            weights=sum(tensor.bytes for tensor in tensors)
            if all(tensor.kind in TYPES for tensor in tensors)
            else data,
            fingerprint=self._digest.hexdigest()[:32],
            marks=tuple(_marks(_list(values, TOKENS), _list(values, TOKEN_TYPES))),
        )

    def _sample(self, begin: int) -> None:
        step = max(1, (self._size - begin) // SAMPLES)
        for place in range(begin, self._size, step):
            self._file.seek(place)
            self._digest.update(self._file.read(SAMPLE))

    # -- pieces of the format -----------------------------------------------------------------------

    def _entry(self) -> tuple[str, Value]:
        key, kind = self._text(), self._number("<I")
        if kind == ARRAY:
            return self._array(key)
        return key, self._text() if kind == TEXT else self._value(kind)

    def _array(self, key: str) -> tuple[str, Value]:
        """Kept are the texts that may be marks, the types of tokens, and what there is a number of for each layer."""
        kind, count = self._number("<I"), self._number("<Q")
        if kind == TEXT:
            return key, self._texts(count, LONGEST_MARK if key == TOKENS else 0)
        if kind not in NUMBERS:
            self._fail("в заголовке непонятные данные: файл испорчен, скачайте его заново")
        size = struct.calcsize(NUMBERS[kind])
        self._bounded(count, size)
        if count > (MOST_TOKENS if key == TOKEN_TYPES else KEPT):
            self._skip(count * size)
            return key, []
        return key, [int(_finite(value)) for (value,) in struct.iter_unpack(NUMBERS[kind], self._bytes(count * size))]

    def _texts(self, count: int, longest: int) -> list[bytes]:
        """Longer ones are left empty."""
        if self._bounded(count, 8) > MOST_TOKENS:
            self._fail("в заголовке непонятные данные: файл испорчен, скачайте его заново")
        texts = []
        for _ in range(count):
            length = self._length()
            texts.append(self._bytes(length) if length <= longest else b"")
            if length > longest:
                self._skip(length)
        return texts

    def _tensor(self) -> _Tensor:
        name, dimensions = self._text(), self._number("<I")
        if dimensions > 8:
            self._fail("в заголовке непонятные данные: файл испорчен, скачайте его заново")
        weights = math.prod(self._number("<Q") for _ in range(dimensions))
        return _Tensor(name, weights, kind=self._number("<I"), offset=self._number("<Q"))

    def _value(self, kind: int) -> int | float | bool:
        if kind not in NUMBERS:
            self._fail("в заголовке непонятные данные: файл испорчен, скачайте его заново")
        value: int | float | bool = struct.unpack(NUMBERS[kind], self._bytes(struct.calcsize(NUMBERS[kind])))[0]
        return _finite(value)

    def _number(self, form: str) -> int:
        return int(struct.unpack(form, self._bytes(struct.calcsize(form)))[0])

    def _count(self) -> int:
        if (count := self._number("<Q")) > MOST_ENTRIES:
            self._fail("в заголовке непонятные данные: файл испорчен, скачайте его заново")
        return self._bounded(count, 12)

    def _length(self) -> int:
        if (length := self._number("<Q")) > LONGEST_TEXT:
            self._fail("в заголовке непонятные данные: файл испорчен, скачайте его заново")
        return length

    def _text(self) -> str:
        return self._bytes(self._length()).decode("utf-8", "replace")

    def _bounded(self, count: int, size: int) -> int:
        """So many things of at least this size can be in what is left."""
        if count * size > self._size - self._file.tell():
            self._cut()
        return count

    def _skip(self, count: int) -> None:
        while count > 0:
            self._bytes(step := min(count, 1 << 20))
            count -= step

    def _bytes(self, count: int) -> bytes:
        data = self._file.read(count)
        if len(data) < count:
            self._cut()
        self._digest.update(data)
        return data

    def _cut(self) -> NoReturn:
        self._fail("он обрывается в заголовке: скачайте его до конца")

    def _fail(self, reason: str) -> NoReturn:
        raise _refused(self._path, reason)


def _finite(value: int | float | bool) -> int | float | bool:
    return value if not isinstance(value, float) or math.isfinite(value) else 0.0


def _impostor(magic: bytes) -> str:
    if magic == MAGIC[::-1]:
        return "он записан для машин с обратным порядком байтов"
    if magic == b"vers":  # «version https://git-lfs…»
        return "это указатель git-lfs, а не сам файл: выполните «git lfs pull»"
    return "это не модель в формате GGUF"


def _whole(values: Mapping[str, Value], key: str, default: int = 0) -> int:
    """A number; of an array with one number for each layer, the largest."""
    value = values.get(key, default)
    if isinstance(value, list):
        return max((each for each in value if isinstance(each, int)), default=default)
    return default if isinstance(value, str) else max(0, int(value))


def _list(values: Mapping[str, Value], key: str) -> Sequence[int | bytes]:
    value = values.get(key)
    return value if isinstance(value, list) else ()


def _marks(tokens: Sequence[int | bytes], types: Sequence[int | bytes]) -> Iterator[str]:
    for token, kind in zip(tokens, types, strict=False):
        if kind in MARKS and isinstance(token, bytes):
            mark = token.decode("utf-8", "replace")
            if kind == USER_DEFINED and not SIGNED.fullmatch(mark):
                continue
            if len(mark) > 1 and not mark.isspace():
                yield mark


def _commonest(tensors: list[_Tensor]) -> str:
    weights: Counter[int] = Counter()
    for tensor in tensors:
        weights[tensor.kind] += tensor.weights
    kind = weights.most_common(1)[0][0]
    return TYPES[kind][0] if kind in TYPES else f"type {kind}"
