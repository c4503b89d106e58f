"""One OpenAI-compatible server: its model, what it can do, how it is asked for a text."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import ChainMap
from typing import Any

import aiohttp

from ...errors import EngineError
from ...settings import Prefill
from ..chat_stream import ChatDecoder
from ..errors import EngineRefusedError, EngineRubbishError
from ..interface import WritingTask
from ..prefill import MODES, PROBE, chat_request, goes_on
from .counting import Counter
from .facts import Facts, ask_facts
from .failures import SilentError
from .health import LONGEST_PAUSE, Health
from .http import BUSY, RETRIES, Http, refused, status_of, wait_of
from .pace import Pace

logger = logging.getLogger(__name__)

LINGER = 2.0  # seconds to wait for the usage after the finish reason
# What a server tells of itself is asked for again after so many seconds: it may have been given another model, or be
# gone, which monitors want to know.
FRESH = 10.0
# Asked for beside the text, and no longer asked for, the first of them first, by who refuses: how the prompt is being
# read (llama-server; others pass over it or refuse it) and how many tokens it all was.
WISHES: tuple[dict[str, Any], ...] = ({"return_progress": True}, {"stream_options": {"include_usage": True}})
UNUSABLE = (400, 422)  # what servers say to a field they do not know


class Server:
    """One address. Nothing is asked of it before somebody needs it; what it told is kept until it fails."""

    def __init__(self, http: Http, model: str, prefill: Prefill) -> None:
        self.http = http
        self.health = Health()
        self._probe: asyncio.Task[Prefill] | None = None
        self._probe_began = 0.0
        self._question: asyncio.Task[Facts] | None = None
        self._given_model = model
        self._given_mode: Prefill | None = None if prefill is Prefill.AUTO else prefill
        self._forget()

    def _forget(self) -> None:
        self.pace = Pace()
        self.tells_reading = False
        self._facts: Facts | None = None
        self._asked = float("-inf")
        self._mode = self._given_mode
        self._wishes = WISHES  # what the server does not refuse
        self._counter: Counter | None = None

    async def stop(self) -> None:
        for task in (self._probe, self._question):
            if task is not None:
                task.cancel()
                await asyncio.wait([task])
        self._probe = self._question = None
        await self.http.stop()

    def failed(self, error: EngineError) -> None:
        """It may come back with another model, and with other habits. To ask a silent one again costs a long wait."""
        self.health.failed(error.detail or error.code, LONGEST_PAUSE if isinstance(error, SilentError) else 0.0)
        self._asked = float("-inf")

    # -- what it is -------------------------------------------------------------------------------

    @property
    def known_facts(self) -> Facts | None:
        return self._facts

    @property
    def known_model(self) -> str:
        """As far as it is known without asking."""
        return self._given_model or (self._facts.model if self._facts else "")

    @property
    def known_mode(self) -> Prefill | None:
        return self._mode

    async def model(self) -> str:
        """The configured model, else the first that the server lists."""
        return self._given_model or (await self.facts()).model

    @property
    def fresh(self) -> bool:
        """Whether it said a moment ago what it is, and has not failed since."""
        return self._facts is not None and time.monotonic() <= self._asked + FRESH

    async def facts(self) -> Facts:
        """Raises EngineError when nobody answers, or lists no model and none is configured.

        Asked by one request at a time, which goes on when whoever waited for it has gone.
        """
        if self._facts is not None and self.fresh:
            return self._facts
        if self._question is None or self._question.done():
            self._question = asyncio.create_task(self._ask())
            self._question.add_done_callback(_retrieved)
        return await asyncio.shield(self._question)

    async def _ask(self) -> Facts:
        facts = await ask_facts(self.http, self._given_model)
        if self._facts is not None and facts.model != self._facts.model:
            self._forget()
        self._facts, self._asked = facts, time.monotonic()
        return facts

    # -- counting ---------------------------------------------------------------------------------

    async def counter(self) -> Counter:
        model = await self.model()
        if self._counter is None:
            self._counter = Counter(self.http, model)
        return self._counter

    # -- writing ----------------------------------------------------------------------------------

    async def open(self, task: WritingTask, mode: Prefill, *, patient: bool = True) -> aiohttp.ClientResponse:
        """The stream of a text. A `patient` caller waits for a busy server, RETRIES times."""
        body = chat_request(task, await self.model(), mode) | {"stream": True}
        wishes = self._wishes
        while True:
            try:
                response = await self._send(dict(ChainMap(body, *wishes)), patient=patient)
            except EngineRefusedError as error:
                if status_of(error) not in UNUSABLE or not wishes or type(error) is not EngineRefusedError:
                    raise
                wishes = wishes[1:]
            else:
                self._wishes = wishes
                return response

    async def _send(self, body: dict[str, Any], *, patient: bool) -> aiohttp.ClientResponse:
        for attempt in range(RETRIES + 1):
            response = await self.http.post(self.http.url + "/chat/completions", body)
            if response.status == 200:
                return _event_stream(response)
            wait, failure = wait_of(response, attempt), await refused(response)
            if response.status not in BUSY or not patient:
                break
            if attempt < RETRIES:
                await asyncio.sleep(wait)
        raise failure

    async def prefill(self) -> Prefill:
        """How this server is asked to go on; found out once, whoever asks first, and by one request at a time."""
        while self._mode is None:
            if self._probe is None or self._probe.done():
                self._probe, self._probe_began = asyncio.create_task(self._try_modes()), time.monotonic()
                self._probe.add_done_callback(_retrieved)
            self._mode = await asyncio.shield(self._probe)
        return self._mode

    @property
    def probed_for(self) -> float:
        """Seconds that finding it out has taken so far; 0: nobody is at it."""
        under_way = self._probe is not None and not self._probe.done()
        return time.monotonic() - self._probe_began if under_way else 0.0

    async def _try_modes(self) -> Prefill:
        """By streams, as texts are written: there are servers that go on in a stream and begin anew without."""
        for mode in MODES:
            try:
                if goes_on(await self._reply(PROBE, mode)):
                    return mode
            except EngineRefusedError as error:
                if status_of(error) not in UNUSABLE:
                    raise  # it says nothing about the mode
                logger.info("prefill mode %s is refused: %s", mode, error.detail)
        return Prefill.NONE

    async def _reply(self, task: WritingTask, mode: Prefill) -> str:
        body = chat_request(task, await self.model(), mode) | {"stream": True}
        response = await self._send(body, patient=True)
        decoder, text = ChatDecoder(), ""
        try:
            while not decoder.over:
                text += (await receive(response, decoder))[0]
        finally:
            response.close()
        if decoder.failure is not None:
            raise decoder.failure
        return text


async def receive(response: aiohttp.ClientResponse, decoder: ChatDecoder) -> tuple[str, int]:
    """The text of one read. After the finish reason nothing is waited for long, and nothing lost is missed."""
    try:
        if decoder.finish is None:
            chunk = await response.content.readany()
        else:
            chunk = await asyncio.wait_for(response.content.readany(), LINGER)
    except (aiohttp.ClientError, OSError) as error:  # TimeoutError is an OSError
        # aiohttp keeps to itself what arrived just before the connection broke: words of the answer.
        texts = decoder.feed(b"".join(response.content._buffer))
        return _joined(texts, decoder.end(repr(error)))
    return decoder.feed(chunk) if chunk else decoder.end()


def _joined(first: tuple[str, int], second: tuple[str, int]) -> tuple[str, int]:
    return first[0] + second[0], first[1] + second[1]


def _event_stream(response: aiohttp.ClientResponse) -> aiohttp.ClientResponse:
    """Servers that mislabel their stream exist; a page or a JSON document is none."""
    if response.content_type in ("text/html", "application/json"):
        response.close()
        raise EngineRubbishError(f"{response.content_type} instead of an event stream")
    return response


def _retrieved(task: asyncio.Task[Any]) -> None:
    """Whoever waited has the exception; nobody needs a warning when all of them have gone."""
    if not task.cancelled():
        task.exception()
