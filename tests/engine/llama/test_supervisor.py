"""A child that is killed, hangs, cannot load or loses its parent; real processes throughout."""

from __future__ import annotations

import asyncio
import os
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import aiohttp
import gguf
import numpy as np
import psutil
import pytest

from advakod.engine.errors import EngineUnreachableError
from advakod.engine.llama import child as child_module
from advakod.engine.llama import host
from advakod.engine.llama.child import KEPT, LOG_SIZE, Log
from advakod.engine.llama.errors import EngineDeadError
from advakod.engine.llama.gguf import read_header
from advakod.engine.llama.launch import Launch, command
from advakod.engine.llama.reasons import why
from advakod.engine.llama.supervisor import COMPUTED, MOST_DEATHS, Address, State, Supervisor, backoff
from advakod.settings import Settings
from tests.support.llama_server import llama_server, script
from tests.support.odd_llama import odd_llama

pytestmark = pytest.mark.anyio
Make = Callable[..., Settings]
Supervise = Callable[..., Awaitable[Supervisor]]


@pytest.fixture(params=["package", "binary"])
def launch(request: pytest.FixtureRequest, llama_settings: Make, tmp_path: Path, tiny_gguf: Path) -> Launch:
    """Both ways to run llama.cpp."""
    named = {"llama_server": str(llama_server(tmp_path))} if request.param == "binary" else {}
    return command(llama_settings(**named), read_header(tiny_gguf))


@pytest.fixture
def package(llama_settings: Make, tiny_gguf: Path) -> Launch:
    return command(llama_settings(), read_header(tiny_gguf))


@pytest.fixture
def shell(package: Launch, tmp_path: Path) -> Callable[[str], Launch]:
    """A factory: a child that is a shell script."""

    def make(text: str) -> Launch:
        return replace(package, argv=(str(script(tmp_path / "child", f"#!/bin/sh\n{text}\n")),))

    return make


@pytest.fixture
async def supervise() -> AsyncIterator[Supervise]:
    """A factory of started supervisors that lose no time between starts, and stay as they are after many."""
    started: list[Supervisor] = []

    async def make(launch: Launch, **options: object) -> Supervisor:
        most = options.get("most_deaths", MOST_DEATHS)
        assert isinstance(most, int)
        patient = {"pause": lambda deaths: 0.0 if deaths < most else 3_600.0, **options}
        started.append(supervisor := Supervisor(launch, **patient))  # type: ignore[arg-type]
        await supervisor.start()
        return supervisor

    yield make
    for supervisor in started:
        await supervisor.stop()


def pid_of(supervisor: Supervisor) -> int:
    pid = supervisor.facts()["pid"]
    assert isinstance(pid, int)
    return pid


async def after(supervisor: Supervisor, old: Address) -> Address:
    """The next child's address; a process that was sent SIGKILL may answer once more."""
    while (new := await supervisor.address()).generation == old.generation:
        supervisor.report_failure(old.generation)
    return new


async def healed(supervisor: Supervisor) -> Address:
    """The address, once there is one again."""
    while True:
        try:
            return await supervisor.address()
        except EngineDeadError:
            await asyncio.sleep(0.01)  # nobody is told of a success that nobody waits for


async def answer(address: Address, path: str, key: str | None = None) -> int:
    headers = {"Authorization": f"Bearer {address.key if key is None else key}"}
    async with aiohttp.ClientSession() as session, session.get(address.url + path, headers=headers) as response:
        return response.status


class TestServing:
    async def test_both_ways_serve_on_loopback_and_want_the_key(self, supervise: Supervise, launch: Launch) -> None:
        supervisor = await supervise(launch)
        address = await supervisor.address()
        assert address.url.startswith("http://127.0.0.1:")
        assert await answer(address, "/slots") == 200
        assert await answer(address, "/slots", key="another") == 401
        facts = supervisor.facts()
        assert (facts["state"], facts["restarts"], facts["last_reason"]) == ("ready", 0, "")
        assert supervisor.state is State.READY
        assert "model loaded" in launch.log.read_text()

    async def test_starting_twice_starts_one(self, supervise: Supervise, package: Launch) -> None:
        supervisor = await supervise(package)
        first = await supervisor.address()
        await supervisor.start()
        assert await supervisor.address() == first

    async def test_stop_leaves_no_process(self, supervise: Supervise, launch: Launch) -> None:
        supervisor = await supervise(launch)
        await supervisor.address()
        pid = pid_of(supervisor)
        await supervisor.stop()
        await supervisor.stop()
        assert not psutil.pid_exists(pid)
        with pytest.raises(EngineUnreachableError):
            await supervisor.address()

    async def test_stop_while_it_loads_ends_the_waiting(
        self, supervise: Supervise, shell: Callable[..., Launch]
    ) -> None:
        supervisor = await supervise(shell("exec sleep 1000"))
        waiting = asyncio.create_task(supervisor.address())
        await asyncio.sleep(0)
        await supervisor.stop()
        with pytest.raises(EngineUnreachableError):
            await waiting

    async def test_what_the_child_started_goes_with_it(
        self, supervise: Supervise, shell: Callable[..., Launch], tmp_path: Path
    ) -> None:
        os.mkfifo(fifo := tmp_path / "grandchild")
        supervisor = await supervise(shell(f"sleep 1000 & echo $! > {fifo}; wait"))
        grandchild = psutil.Process(int(await asyncio.to_thread(fifo.read_text)))
        await supervisor.stop()
        await asyncio.to_thread(grandchild.wait)

    async def test_a_stopped_one_can_be_started_again(self, supervise: Supervise, package: Launch) -> None:
        supervisor = await supervise(package)
        first = await supervisor.address()
        await supervisor.stop()
        await supervisor.start()
        assert (await supervisor.address()).generation == first.generation + 1


class TestDying:
    async def test_a_killed_child_is_replaced(self, supervise: Supervise, launch: Launch) -> None:
        supervisor = await supervise(launch)
        old = await supervisor.address()
        os.kill(pid_of(supervisor), signal.SIGKILL)
        new = await after(supervisor, old)
        assert new.generation == old.generation + 1
        assert await answer(new, "/slots") == 200
        facts = supervisor.facts()
        assert facts["restarts"] == 1
        assert "убит" in str(facts["last_reason"])

    async def test_a_false_alarm_changes_nothing(self, supervise: Supervise, package: Launch) -> None:
        supervisor = await supervise(package)
        old = await supervisor.address()
        supervisor.report_failure(old.generation)
        assert supervisor.facts()["state"] == "restarting"
        assert await supervisor.address() == old
        supervisor.report_failure(old.generation - 1)
        assert supervisor.state is State.READY  # nobody asks for the dead

    async def test_a_child_that_hangs_is_replaced(self, supervise: Supervise, package: Launch) -> None:
        supervisor = await supervise(package, check_every=0.05, check_patience=2.0, pause=lambda _: 0.0)
        old = await supervisor.address()
        os.kill(pid_of(supervisor), signal.SIGSTOP)
        assert (await after(supervisor, old)).generation > old.generation
        assert "перестал отвечать" in str(supervisor.facts()["last_reason"])

    async def test_one_that_cannot_load_is_given_up_with_the_reason(
        self, supervise: Supervise, llama_settings: Make, tmp_path: Path
    ) -> None:
        strange = strange_model(tmp_path / "strange.gguf")
        supervisor = await supervise(command(llama_settings(), read_header(strange)), most_deaths=2)
        with pytest.raises(EngineDeadError) as caught:
            await supervisor.address()
        assert caught.value.code == "engine_dead"
        assert not caught.value.retryable
        assert "не знает такую модель" in caught.value.for_admin
        assert "Попыток подряд: 2" in caught.value.for_admin
        facts = supervisor.facts()
        assert (facts["state"], facts["pid"], facts["restarts"]) == ("failed", None, 1)

    async def test_one_that_dies_every_time_is_given_up(
        self, supervise: Supervise, shell: Callable[..., Launch]
    ) -> None:
        supervisor = await supervise(shell("echo the dog ate it >&2; exit 3"))
        with pytest.raises(EngineDeadError) as caught:
            await supervisor.address()
        assert "с кодом 3" in caught.value.for_admin
        assert "the dog ate it" in caught.value.for_admin
        assert "Попыток подряд: 5" in caught.value.for_admin

    async def test_one_that_cannot_be_executed_is_given_up(self, supervise: Supervise, package: Launch) -> None:
        supervisor = await supervise(replace(package, argv=("/no/such/program",)))
        with pytest.raises(EngineDeadError, match="не запускается"):
            await supervisor.address()

    async def test_one_that_loads_is_not_given_up(self, supervise: Supervise, package: Launch) -> None:
        """A question that kills it every time is not everybody's."""
        supervisor = await supervise(package, most_deaths=2, pause=lambda _: 0.0)
        address = await supervisor.address()
        for _ in range(4):
            os.kill(pid_of(supervisor), signal.SIGKILL)
            address = await after(supervisor, address)
        assert supervisor.facts()["restarts"] == 4

    async def test_a_word_between_them_makes_deaths_single_ones(self, supervise: Supervise, package: Launch) -> None:
        pauses = list[int]()

        def pause(deaths: int) -> float:
            pauses.append(deaths)
            return 0.0

        supervisor = await supervise(package, pause=pause)
        address = await supervisor.address()
        for gained in (False, True, False):
            if gained:
                supervisor.report_success(address.generation)
            os.kill(pid_of(supervisor), signal.SIGKILL)
            address = await after(supervisor, address)
        assert pauses == [1, 1, 2]

    async def test_one_that_was_given_up_heals_by_itself(
        self, supervise: Supervise, package: Launch, tmp_path: Path
    ) -> None:
        """And has failed until then, whatever is tried meanwhile."""
        (switch := tmp_path / "broken").touch()
        child = shlex.join(package.argv)
        failing = script(tmp_path / "child", f"#!/bin/sh\n[ -e {switch} ] && exit 3\nexec {child}\n")
        tried = asyncio.Semaphore(0)
        pauses = iter([0.0, 0.0, 0.0, 0.0])

        def pause(_: int) -> float:
            tried.release()
            return next(pauses, 0.05)

        supervisor = await supervise(replace(package, argv=(str(failing),)), most_deaths=2, pause=pause)
        for _ in range(4):
            await tried.acquire()
        for _ in range(2):
            assert supervisor.state is State.FAILED
            with pytest.raises(EngineDeadError):
                await supervisor.address()
            await tried.acquire()
        switch.unlink()
        address = await healed(supervisor)
        assert await answer(address, "/slots") == 200
        os.kill(pid_of(supervisor), signal.SIGKILL)
        assert (await after(supervisor, address)).generation == address.generation + 1

    async def test_who_waits_for_a_dying_one_stops_nobody_else(self, supervise: Supervise, package: Launch) -> None:
        """Between its death and its next start there is no address, and waiting for one is waiting."""
        supervisor = await supervise(package, pause=lambda _: 3_600.0)
        await supervisor.address()
        os.kill(pid_of(supervisor), signal.SIGKILL)
        while supervisor.facts()["last_reason"] == "":  # it is seen dead, and its end is still being watched
            waiting = asyncio.create_task(supervisor.address())
            await asyncio.sleep(0)
            if waiting.done():
                assert (await waiting).generation == 1  # nobody has seen it dead yet
            waiting.cancel()
            await asyncio.wait([waiting])
        assert supervisor.state is State.RESTARTING

    async def test_one_that_computes_without_an_end_is_replaced(
        self, supervise: Supervise, llama_settings: Make, tmp_path: Path, tiny_gguf: Path
    ) -> None:
        """It answers /health all the time."""
        odd = odd_llama(tmp_path, {COMPUTED: None})
        launch = command(llama_settings(llama_server=str(odd)), read_header(tiny_gguf))
        died = asyncio.Event()

        def pause(_: int) -> float:
            died.set()
            return 0.0

        supervisor = await supervise(launch, check_every=0.05, stuck=0.5, pause=pause)
        await supervisor.address()
        await died.wait()
        assert (await supervisor.address()).generation > 1
        assert "завис посреди вычислений" in str(supervisor.facts()["last_reason"])

    @pytest.mark.parametrize("answers", [{}, {COMPUTED: "rubbish"}], ids=["older", "odd"])
    async def test_one_that_does_not_know_the_question_computes(
        self, supervise: Supervise, llama_settings: Make, tmp_path: Path, tiny_gguf: Path, answers: dict[str, str]
    ) -> None:
        odd = odd_llama(tmp_path, answers)
        launch = command(llama_settings(llama_server=str(odd)), read_header(tiny_gguf))
        supervisor = await supervise(launch, check_every=0.01)
        address = await supervisor.address()
        for _ in range(20):
            await asyncio.sleep(0.01)
        assert await supervisor.address() == address

    async def test_a_port_that_was_taken_meanwhile_is_changed(
        self,
        supervise: Supervise,
        llama_settings: Make,
        tmp_path: Path,
        tiny_gguf: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        with socket.create_server(("127.0.0.1", 0)) as other:
            taken, free = other.getsockname()[1], child_module.free_port
            ports = iter([taken, taken])
            monkeypatch.setattr(child_module, "free_port", lambda: next(ports, None) or free())
            binary = llama_settings(llama_server=str(llama_server(tmp_path)))
            supervisor = await supervise(command(binary, read_header(tiny_gguf)))
            address = await supervisor.address()
            assert address.generation == 3
            assert not address.url.endswith(f":{taken}")
            assert "Порт занят" in str(supervisor.facts()["last_reason"])


PARENT = """
import asyncio, os, sys
from advakod.engine.llama.gguf import read_header
from advakod.engine.llama.launch import command
from advakod.engine.llama.supervisor import Supervisor
from advakod.settings import load_settings

async def main():
    settings = load_settings()
    supervisor = Supervisor(command(settings, read_header(settings.model_path)))
    await supervisor.start()
    await supervisor.address()
    print(supervisor.facts()["pid"], flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.mark.parametrize("way", ["package", "binary"])
def test_the_child_dies_with_its_parent(way: str, tmp_path: Path, tiny_gguf: Path, xllamacpp: None) -> None:
    named = str(llama_server(tmp_path)) if way == "binary" else ""
    env = {"VISTRAL_MODEL_PATH": str(tiny_gguf), "VISTRAL_LLAMA_SERVER": named, "ADVAKOD_DATA_DIR": str(tmp_path)}
    small = {"VISTRAL_N_CTX": "512", "VISTRAL_N_THREADS": "1"}
    parent = [sys.executable, "-c", PARENT]
    with subprocess.Popen(parent, env={**os.environ, **env, **small}, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        child = psutil.Process(int(process.stdout.readline()))
        process.kill()
    child.wait()


async def test_a_parent_that_is_dead_already_is_noticed(package: Launch) -> None:
    """The signal of the kernel is asked for after the fork: it must not be too late."""
    process = await asyncio.create_subprocess_exec(*package.argv, env={**package.env, "ADVAKOD_PARENT": "1"})
    assert await process.wait() == 1


# The host as it is where the kernel knows no order to die with the parent.
ELSEWHERE = f"""
import runpy, subprocess, sys
sys.platform = "elsewhere"
runpy.run_path({str(Path(host.__file__))!r}, run_name="__main__")
"""


@pytest.mark.parametrize("held", [True, False], ids=["parent lives", "parent gone"])
async def test_elsewhere_a_program_is_watched(tmp_path: Path, held: bool) -> None:
    os.mkfifo(fifo := tmp_path / "pid")
    program = script(tmp_path / "program", f"#!/bin/sh\necho $$ > {fifo}\nexec sleep 1000\n")
    watcher = await asyncio.create_subprocess_exec(
        sys.executable, "-c", ELSEWHERE, "--exec", str(program), stdin=asyncio.subprocess.PIPE
    )
    watched = psutil.Process(int(await asyncio.to_thread(fifo.read_text)))
    assert watched.pid != watcher.pid
    if held:
        watched.kill()
        assert await watcher.wait() == -signal.SIGKILL  # it ends as the program does
    else:
        assert watcher.stdin is not None
        watcher.stdin.close()
        assert await watcher.wait() == 1
    await asyncio.to_thread(watched.wait)


def strange_model(path: Path) -> Path:
    """A GGUF file in good order, of an architecture that nobody knows."""
    writer = gguf.GGUFWriter(path, "strange")
    writer.add_tensor("token_embd.weight", np.ones((4, 4), np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


class TestWhatIsKept:
    async def test_the_last_is_kept_in_memory_and_more_in_files(self, tmp_path: Path) -> None:
        log = Log(tmp_path / "engine" / "llama.log")
        piece = b"x" * (LOG_SIZE // 4)
        for _ in range(6):
            log.add(piece)
        log.add("конец".encode())
        assert len(log.text) == KEPT - len("конец")  # two bytes a letter
        assert log.text.endswith("конец")
        sizes = sorted(file.stat().st_size for file in (tmp_path / "engine").iterdir())
        assert sizes == [2 * len(piece) + 10, 4 * len(piece)]

    async def test_a_disk_that_refuses_costs_the_file_alone(self, tmp_path: Path) -> None:
        (tmp_path / "engine").write_text("in the way")
        log = Log(tmp_path / "engine" / "llama.log")
        log.add(b"words")
        assert log.text == "words"

    @pytest.mark.parametrize(
        ("said", "code", "sentence"),
        [
            ("srv start: couldn't bind HTTP server socket, hostname: 127.0.0.1, port: 1", 1, "Порт занят"),
            ("llama_kv_cache: failed to allocate buffer for kv cache\nfailed to load model", 1, "не хватило памяти"),
            ("terminate called: std::bad_alloc", -signal.SIGABRT, "не хватило памяти"),
            ("error loading model: tensor 'x' has wrong shape", 1, "не загрузилась"),
            ("error: invalid argument: --slots", 1, "не понял параметров"),
            ("", -signal.SIGKILL, "убит системой"),
            ("", -signal.SIGILL, "AVX2"),
            ("", -signal.SIGHUP, "сигналом 1"),
            ("", 0, "с кодом 0"),
        ],
    )
    async def test_reasons_are_sentences(self, said: str, code: int, sentence: str) -> None:
        assert sentence in why(said, code)


async def test_pauses_grow_to_a_bound() -> None:
    assert [backoff(deaths) for deaths in (1, 2, 3, 4, 5, 20, 10_000)] == [0.0, 0.5, 1.0, 2.0, 4.0, 30.0, 30.0]
