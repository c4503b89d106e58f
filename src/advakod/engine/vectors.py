"""Embeddings and reranking by servers elsewhere: texts into vectors, documents into scores for a question.

Any server that speaks OpenAI's /embeddings, or the /rerank that vLLM, SGLang, llama-server, Jina and Cohere share.
"""

from __future__ import annotations

import asyncio
import base64
import math
import sys
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Self, TypeAlias, TypeVar

from ..errors import EngineError
from ..settings import Settings
from .errors import EngineLostError, EngineRefusedError, EngineRubbishError, EngineUnreachableError
from .remote.http import BUSY, RETRIES, Http, read_json, refused, shown, wait_of

BATCH = 64  # texts of one request; servers refuse a few hundred
SILENCE = 120.0  # seconds without a byte: a batch of long texts on a CPU
Vector: TypeAlias = "array[float]"  # of 32-bit floats
E = TypeVar("E", bound=EngineError)
# What reading an answer raises that is not what was asked for.
WRONG = (LookupError, TypeError, ValueError, OverflowError)


@dataclass(frozen=True, slots=True)
class Place:
    """Where such a server is. An empty model is not named to it: it has one only."""

    url: str  # …/v1
    model: str = ""
    key: str = ""
    variable: str = ""  # that names the address; told in errors


class Client:
    """What both kinds share. Failures are EngineErrors whose sentence names the setting."""

    def __init__(self, place: Place, path: str) -> None:
        self._place = place
        self._http = Http(place.url.removesuffix(path), place.key, read=SILENCE)
        self._url = self._http.url + path

    async def __aenter__(self) -> Self:
        await self._http.start()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._http.stop()

    async def _post(self, body: dict[str, Any]) -> Any:
        """The JSON that is the answer; a busy server is asked again."""
        if self._place.model:
            body["model"] = self._place.model
        try:
            for attempt in range(RETRIES + 1):
                response = await self._http.post(self._url, body)
                if response.status not in BUSY or attempt == RETRIES:
                    break
                wait = wait_of(response, attempt)
                await refused(response)  # closes it
                await asyncio.sleep(wait)
            return await read_json(response)
        except EngineRefusedError as error:
            raise self._explained(error, f"отклонил запрос: {error.facts.get('reason', '')}") from error
        except EngineUnreachableError as error:
            raise self._explained(error, "не отвечает. Проверьте, что он запущен и что адрес верен") from error
        except EngineLostError as error:
            raise self._explained(error, "оборвал связь до конца ответа") from error
        except EngineRubbishError as error:
            raise self._rubbish(error.detail) from error

    def _rubbish(self, detail: str) -> EngineRubbishError:
        return self._explained(EngineRubbishError(detail), "ответил непонятно. Проверьте, что адрес верен")

    def _explained(self, error: E, what: str) -> E:
        sentence = f"Сервер {shown(self._place.url)} ({self._place.variable}) {what.rstrip('.')}."
        explained = type(error)(error.detail, message=sentence)
        explained.facts = error.facts
        return explained


class Embedder(Client):
    """Texts into vectors. Use it as an asynchronous context; many may ask at once."""

    def __init__(self, place: Place) -> None:
        super().__init__(place, "/embeddings")

    @classmethod
    def from_settings(cls, settings: Settings) -> Embedder | None:
        """None: ADVAKOD_EMBEDDINGS_URL is not set."""
        key = settings.embeddings_key.get_secret_value()
        place = Place(settings.embeddings_url, settings.embeddings_model, key, "ADVAKOD_EMBEDDINGS_URL")
        return cls(place) if place.url else None

    async def embed(self, texts: Sequence[str]) -> list[Vector]:
        """The vector of each text, in their order, all of one length; as the server gives them, not normalised."""
        vectors: list[Vector] = []
        for begin in range(0, len(texts), BATCH):
            vectors += await self._batch(texts[begin : begin + BATCH])
        if len({len(vector) for vector in vectors}) > 1:
            raise self._rubbish("vectors of different lengths")
        return vectors

    async def _batch(self, texts: Sequence[str]) -> list[Vector]:
        answer = await self._post({"input": list(texts)})
        try:
            entries = _in_place(answer["data"], len(texts))
            return [_vector(entry["embedding"]) for entry in entries]
        except WRONG as error:
            raise self._rubbish(f"{error!r} in {str(answer)[:120]}") from error


class Reranker(Client):
    """How well documents answer a question. Use it as an asynchronous context; many may ask at once."""

    def __init__(self, place: Place) -> None:
        super().__init__(place, "/rerank")

    @classmethod
    def from_settings(cls, settings: Settings) -> Reranker | None:
        """None: ADVAKOD_RERANK_URL is not set."""
        key = settings.rerank_key.get_secret_value()
        place = Place(settings.rerank_url, settings.rerank_model, key, "ADVAKOD_RERANK_URL")
        return cls(place) if place.url else None

    async def scores(self, question: str, documents: Sequence[str]) -> list[float]:
        """A score for each document, in their order; higher is better, and they compare within one call only."""
        if not documents:
            return []
        answer = await self._post({"query": question, "documents": list(documents)})
        try:
            results = answer["results"] if isinstance(answer, dict) else answer  # SGLang sends a bare list
            return [_score(entry) for entry in _in_place(results, len(documents))]
        except WRONG as error:
            raise self._rubbish(f"{error!r} in {str(answer)[:120]}") from error


def _in_place(entries: Iterable[dict[str, Any]], count: int) -> list[dict[str, Any]]:
    """By `index`, each exactly once."""
    results = list(entries)
    by_index = {entry["index"]: entry for entry in results}
    if len(results) != count or by_index.keys() != set(range(count)):
        raise ValueError(f"{len(results)} results, {len(by_index)} of them different, for {count} texts")
    return [by_index[index] for index in range(count)]


def _vector(embedding: object) -> Vector:
    """A list of numbers, or their 32-bit floats in base64."""
    if isinstance(embedding, str):
        vector = array("f", base64.b64decode(embedding, validate=True))
        if sys.byteorder == "big":
            vector.byteswap()
    elif isinstance(embedding, list):
        vector = array("f", embedding)
    else:
        raise TypeError(f"an embedding that is a {type(embedding).__name__}")
    if not vector or not all(map(math.isfinite, vector)):
        raise ValueError("an embedding that is no vector")
    return vector


def _score(entry: dict[str, Any]) -> float:
    score = float(entry["relevance_score"] if "relevance_score" in entry else entry["score"])
    if not math.isfinite(score):
        raise ValueError("a score that is no number")
    return score
