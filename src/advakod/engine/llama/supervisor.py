"""Keeps one child alive: starts it, knows when it serves, sees it die or hang, starts it again.

A child that cannot load is given up: whoever asks is told at once, and it is tried again all the same. One that loads
is never given up, whatever it dies of later: a question that kills it must not take it away from everybody else.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum

import aiohttp

from ..errors import EngineUnreachableError
from .child import Child
from .errors import EngineDeadError
from .launch import Launch
from .reasons import TEMPLATE

logger = logging.getLogger(__name__)

MOST_DEATHS = 5  # one after another before the model was loaded
STEADY = 600.0  # seconds of serving, after which the next start need not be waited for
LOADING_STEP = (0.05, 1.0)  # seconds between looks whether the model is loaded: the first, the longest
LOADING = 3_600.0  # seconds that a model may take to load: 40 GB from a slow network disk
CHECK_EVERY = 10.0  # seconds
CHECK_PATIENCE = 30.0  # seconds for an answer: a machine at its limit is slow, not broken
RETRY = 1.0  # seconds after a check that failed; long enough for a dying process to be seen dead
HUNG = 3  # checks without an answer, one after another
STUCK = 90.0  # seconds that computing may not look at what else it is asked: a batch takes 26 at 2.5 tokens/s
# /health, /slots and /metrics are answered beside the computing thread. This is answered by that thread itself, between
# two batches (seen: after 3.9 s of a batch, while the others took 0.0). Where it is not known it is a 404 at once.
COMPUTED = "/lora-adapters"


class State(StrEnum):
    """Where the child stands."""

    STOPPED = "stopped"
    LOADING = "loading"  # started, its model not loaded yet
    READY = "ready"
    RESTARTING = "restarting"  # dead or doubted
    FAILED = "failed"  # does not load; tried again now and then, which is no state of its own


@dataclass(frozen=True, slots=True)
class Address:
    """Where a living child is asked. What one generation holds (slots, cache), the next has forgotten."""

    url: str
    key: str
    generation: int


def backoff(deaths: int) -> float:
    """Seconds before the next start: none after the first death, then 0.5, 1, 2, 4 …, at most 30."""
    return 0.0 if deaths <= 1 else min(30.0, 0.5 * 2.0 ** min(deaths - 2, 10))


class Supervisor:
    """One child at a time. Its methods are for one event loop; `facts`, `state` and `report_*` never wait."""

    def __init__(
        self,
        launch: Launch,
        *,
        most_deaths: int = MOST_DEATHS,
        pause: Callable[[int], float] = backoff,
        check_every: float = CHECK_EVERY,
        check_patience: float = CHECK_PATIENCE,
        stuck: float = STUCK,
    ) -> None:
        self._launch = launch
        self._most_deaths = most_deaths
        self._pause = pause
        self._check_every, self._check_patience, self._stuck = check_every, check_patience, stuck
        self._keeping: asyncio.Task[None] | None = None
        self._child: Child | None = None
        self._address: Address | None = None
        self._generation = 0
        self._settled = asyncio.Event()  # ready, failed or stopped: whoever waits for an address may look
        self._doubted = asyncio.Event()
        self._state = State.STOPPED
        self._deaths = 0  # without a word between them
        self._unloaded = 0  # deaths in a row before the model was loaded
        self._served = False  # this child has loaded it
        self._restarts = 0
        self._reason = ""
        self._loaded_seconds: float | None = None
        self._template_refused = False

    @property
    def template_refused(self) -> bool:
        """The model's own chat template ends the load: the child has another, which is not made for the model."""
        return self._template_refused

    @property
    def state(self) -> State:
        return self._state

    async def start(self) -> None:
        """Returns at once; the child is started and loads meanwhile. Idempotent."""
        if self._keeping is None:
            self._deaths = self._unloaded = 0
            self._to(State.LOADING)
            self._keeping = asyncio.create_task(self._keep(), name="llama supervisor")

    async def stop(self) -> None:
        """No child is left when this returns. Idempotent; whoever waits for an address gets an EngineError."""
        keeping, self._keeping = self._keeping, None
        if keeping is not None:
            keeping.cancel()
            await asyncio.wait([keeping])
        self._to(State.STOPPED)

    async def address(self) -> Address:
        """Of a child that serves; waits for it, through restarts too. The caller bounds the wait.

        Raises EngineDeadError while the model cannot be loaded, EngineUnreachableError when the supervisor is stopped.
        """
        while True:
            await self._settled.wait()
            if self._state is State.FAILED:
                raise EngineDeadError(self._reason, reason=self._reason, deaths=self._unloaded)
            if self._state is State.STOPPED:
                raise EngineUnreachableError("the engine is stopped")
            if self._state is State.READY:
                assert self._address is not None  # by _serve and _lose, which change both
                return self._address

    def report_failure(self, generation: int) -> None:
        """Somebody saw this child broken: nobody gets its address until it was looked at, now."""
        if generation == self._generation and self._state is State.READY:
            self._to(State.RESTARTING)
            self._doubted.set()

    def report_success(self, generation: int) -> None:
        """It writes: after the next death it is started at once."""
        if generation == self._generation:
            self._deaths = 0

    def facts(self) -> dict[str, object]:
        """For operators."""
        alive = self._child is not None and self._child.alive
        return {
            "pid": self._child.pid if alive and self._child is not None else None,
            "state": self._state.value,
            "restarts": self._restarts,
            "last_reason": self._reason,
            "loaded_seconds": None if self._loaded_seconds is None else round(self._loaded_seconds, 2),
            "server": self._launch.server,
        }

    # -- keeping ----------------------------------------------------------------------------------

    async def _keep(self) -> None:
        while True:
            self._to(State.LOADING)
            self._served = False
            self._reason = await self._live_once()
            self._deaths += 1
            self._unloaded += not self._served
            logger.warning("the llama child ended (%d in a row): %s", self._deaths, self._reason)
            if self._reason == TEMPLATE and not self._template_refused:
                self._template_refused, self._launch = True, self._launch.templated()
            self._to(State.RESTARTING)
            await asyncio.sleep(self._pause(self._deaths))
            self._restarts += 1

    async def _live_once(self) -> str:
        """One life of the child; returns why it ended. None is left behind, on cancellation neither."""
        self._generation += 1
        try:
            self._child = child = await Child.start(self._launch)
        except OSError as error:
            return f"Процесс модели не запускается: {error.strerror or error}."
        try:
            async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True)) as session:
                return await self._until_end(child, session) or child.why()
        except Exception as error:  # whatever it is, somebody waits for this child or for a reason
            logger.exception("the llama child cannot be watched")
            return f"За процессом модели не удалось следить: {error!r}."
        finally:
            self._lose()
            await child.stop()

    async def _until_end(self, child: Child, session: aiohttp.ClientSession) -> str:
        """Returns a reason when it had to be ended by us, else nothing once it has ended by itself."""
        serving = asyncio.create_task(self._serve(child, session), name="llama serving")
        try:
            await asyncio.wait([serving, child.ended], return_when=asyncio.FIRST_COMPLETED)
            if child.alive:
                return serving.result()
            await child.wait()
            return ""
        finally:
            serving.cancel()
            self._lose()
            await asyncio.wait([serving])

    async def _serve(self, child: Child, session: aiohttp.ClientSession) -> str:
        """Returns why the living child is of no use."""
        loop = asyncio.get_running_loop()
        begun = loop.time()
        try:
            async with asyncio.timeout(LOADING):
                url = await child.url()
                await self._until_healthy(session, url)
        except TimeoutError:
            return f"Модель не загрузилась за {LOADING / 60:.0f} минут."
        self._loaded_seconds = loop.time() - begun
        self._served, self._unloaded = True, 0
        self._address = Address(url, self._launch.key, self._generation)
        self._to(State.READY)
        logger.info("the llama child serves, loaded in %.1f s, pid %d", self._loaded_seconds, child.pid)
        return await self._watch_both(session, url, loop.time() + STEADY)

    async def _watch_both(self, session: aiohttp.ClientSession, url: str, steady: float) -> str:
        """Those who answer and the one who computes; returns when one of them hangs."""
        watches = (self._watch(session, url, steady), self._watch_computing(session, url))
        tasks = [asyncio.create_task(watch, name="llama watch") for watch in watches]
        try:
            ended, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            return ended.pop().result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)

    async def _until_healthy(self, session: aiohttp.ClientSession, url: str) -> None:
        """The port opens before the model is loaded; there is nothing but asking."""
        step, longest = LOADING_STEP
        while not await self._healthy(session, url):
            await asyncio.sleep(step)
            step = min(longest, step * 1.5)

    async def _watch(self, session: aiohttp.ClientSession, url: str, steady: float) -> str:
        """Looks now and then, and at once when somebody doubts it; returns when it hangs."""
        failed = 0
        while failed < HUNG:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._check_every):
                    await self._doubted.wait()
            self._doubted.clear()
            failed = 0 if await self._healthy(session, url) else failed + 1
            if failed:
                self._to(State.RESTARTING)
                self._doubted.set()
                await asyncio.sleep(RETRY)
                continue
            if not self._doubted.is_set() and self._address is not None:  # since this look began
                self._to(State.READY)
            if asyncio.get_running_loop().time() > steady:
                self._deaths = 0
        return "Процесс модели перестал отвечать."

    async def _watch_computing(self, session: aiohttp.ClientSession, url: str) -> str:
        """Asks what only the computing thread can answer, whatever it answers; returns when it does not."""
        headers = {"Authorization": f"Bearer {self._launch.key}"}
        while True:
            await asyncio.sleep(self._check_every)
            try:
                async with asyncio.timeout(self._stuck), session.get(url + COMPUTED, headers=headers):
                    pass
            except aiohttp.ClientError:
                pass  # who looks at /health sees what this is
            except TimeoutError:
                return "Процесс модели завис посреди вычислений."

    async def _healthy(self, session: aiohttp.ClientSession, url: str) -> bool:
        try:
            async with (
                asyncio.timeout(self._check_patience),
                session.get(f"{url}/health") as answer,
            ):
                return answer.status == 200
        except (aiohttp.ClientError, TimeoutError, OSError):
            return False

    def _lose(self) -> None:
        """This child is not asked any more."""
        self._address = None
        self._to(State.RESTARTING)

    def _to(self, state: State) -> None:
        """A model that does not load has failed until it is loaded, whatever is tried meanwhile."""
        trying = state in (State.LOADING, State.RESTARTING)
        self._state = state = State.FAILED if trying and self._unloaded >= self._most_deaths else state
        if state in (State.READY, State.FAILED, State.STOPPED):
            self._settled.set()
        else:
            self._settled.clear()
