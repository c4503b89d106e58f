"""What a server tells of itself: its model, how much text that takes, how many texts at once."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

from ...errors import EngineError
from ..errors import EngineRefusedError, EngineRubbishError
from .http import Http, status_of

logger = logging.getLogger(__name__)

NO_LIST = (404, 405)  # what is answered where no list of models is kept


@dataclass(frozen=True, slots=True)
class Facts:
    """None: the server does not tell."""

    model: str
    context: int | None = None  # tokens of one text, prompt and answer
    slots: int | None = None  # texts at once


async def ask_facts(http: Http, model: str) -> Facts:
    """Of `model`, or of the first that the server lists. Raises EngineError when nobody answers.

    vLLM and SGLang tell the context in their list, llama-server at /props, Ollama while the model is loaded.
    """
    entry = await _entry(http, model)
    name = model or str(entry["id"])
    match entry.get("owned_by"):
        case "llamacpp":
            return await _of_llama_server(http, name, entry)
        case "library":
            return Facts(name, await _of_ollama(http, name))
        case _:
            return Facts(name, _size(entry.get("max_model_len")))


async def _entry(http: Http, model: str) -> dict[str, Any]:
    """The model in the server's list; empty when it keeps none and the name is known anyway."""
    try:
        answer = await http.ask(http.url + "/models")
    except EngineRefusedError as error:
        if model and status_of(error) in NO_LIST:
            return {}
        raise
    data = answer.get("data") if isinstance(answer, dict) else None
    listed = [one for one in data if isinstance(one, dict) and one.get("id")] if isinstance(data, list) else []
    if not model:
        if not listed:
            raise EngineRubbishError("GET /models lists no model")
        return listed[0]
    # llama-server has one model and takes any name for it.
    return next((one for one in listed if one["id"] == model), listed[0] if len(listed) == 1 else {})


async def _of_llama_server(http: Http, model: str, entry: dict[str, Any]) -> Facts:
    """Its context is that of a slot."""
    props = await _extra(http, "/props")
    settings, meta = props.get("default_generation_settings"), entry.get("meta")
    told = [facts.get("n_ctx") for facts in (settings, meta) if isinstance(facts, dict)]
    return Facts(model, next(filter(None, map(_size, told)), None), _size(props.get("total_slots")))


async def _of_ollama(http: Http, model: str) -> int | None:
    loaded = (await _extra(http, "/api/ps")).get("models")
    entries = [one for one in loaded if isinstance(one, dict)] if isinstance(loaded, list) else []
    return next((_size(one.get("context_length")) for one in entries if one.get("name") == model), None)


async def _extra(http: Http, path: str) -> dict[str, Any]:
    """What one can live without."""
    try:
        answer = await http.ask(http.root + path)
    except EngineError as error:
        logger.info("%s: %s", path, error)
        return {}
    return answer if isinstance(answer, dict) else {}


def _size(value: object) -> int | None:
    """A number of tokens or of slots."""
    return value if isinstance(value, int) and value > 0 else None
