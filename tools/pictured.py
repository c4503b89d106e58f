"""What the pictures of the page show: servers with laws, a history, and an answer in each of its states."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import insert

from advakod.answers.model import Status, new_id
from advakod.storage import Database
from advakod.storage.schema import run
from tests.support.cutter import Cutter
from tests.support.server import ServerProcess, scripted, start_server

STATUTES = Path(__file__).parents[2] / "shared" / "corpus" / "statutes"
ACTS = ("zozpp*", "tk_*", "gk1_*", "pdd_*")
QUESTIONS = (
    "Сосед залил квартиру. Кто платит за ремонт?",
    "Как уволиться по собственному желанию?",
    "Сколько дней отпуска мне положено?",
    "Телефон сломался через неделю после покупки. Можно вернуть деньги?",
)
STOPPED = "Телефон перестал включаться на пятый день. Вернут ли деньги?"
HISTORY = 400  # made-up runs over a day
DEFAULTS = {"ADVAKOD_ENV_FILE": "/dev/null"}  # nobody's own settings
PATIENT = {"VISTRAL_MAX_CONCURRENCY": "1", "ADVAKOD_STALL_TIMEOUT": "900"}
NOBODY = "http://127.0.0.1:9/v1"  # no engine listens there
BROKEN_OFF = 62  # words before a scripted answer falls silent
WRITTEN = """Да, деньги можно вернуть. Если в товаре нашёлся недостаток, о котором продавец не предупредил, \
потребитель вправе по своему выбору [1]:

- потребовать замены на такой же товар;
- потребовать соразмерного уменьшения цены;
- потребовать бесплатного устранения недостатков;
- **отказаться от договора и потребовать возврата уплаченной суммы**.

Телефон относится к технически сложным товарам. Деньги за него возвращают без оговорок, если требование предъявлено \
в течение пятнадцати дней со дня передачи покупателю [1]. Неделя в этот срок укладывается.

Обратитесь к продавцу письменно и сохраните копию с отметкой о получении."""


@dataclass(frozen=True)
class Pictured:
    """Addresses to open: of the server, and of the conversations by the state of their answers."""

    url: str
    answer: str
    writing: str
    queued: str
    lost: str  # through a hop that is to be closed when the page is there
    stopped: str
    timeout: str
    failed: str
    hop: Cutter


@contextmanager
def pictured(folder: Path) -> Iterator[Pictured]:
    """Servers with all their state in `folder`, gone afterwards."""
    laws = folder / "laws"
    load(laws)
    with ExitStack() as house:

        def serve(name: str, env: Mapping[str, str]) -> str:
            shutil.copytree(laws, folder / name, dirs_exist_ok=True)
            server: ServerProcess = start_server(folder / name, {**DEFAULTS, **env})
            house.callback(server.stop)
            return server.url

        slow = scripted(folder, WRITTEN, search=True, tokens_per_second=60, faults=[_silence()])
        url = serve("plain", {})
        make_history(folder / "plain")
        busy = serve("busy", slow | PATIENT)
        brief = serve("brief", slow | {"VISTRAL_INFERENCE_TIMEOUT": "4", "ADVAKOD_STALL_TIMEOUT": "4"})
        broken = serve("broken", {"ADVAKOD_ENGINE": "openai", "ADVAKOD_OPENAI_BASE_URL": NOBODY})
        for question in QUESTIONS[:-1]:
            ask(url, question)
        stopped = _stopped(busy)
        writing = ask(busy, QUESTIONS[-1], wait=False)
        hop = house.enter_context(Cutter(busy))
        yield Pictured(
            url=url,
            answer=f"{url}{ask(url, QUESTIONS[-1])}",
            writing=f"{busy}{writing}",
            queued=f"{busy}{ask(busy, QUESTIONS[-2], wait=False)}",
            lost=f"{hop.url}{writing}",
            stopped=f"{busy}{stopped}",
            timeout=f"{brief}{ask(brief, QUESTIONS[-1])}",
            failed=f"{broken}{ask(broken, QUESTIONS[-1])}",
            hop=hop,
        )


def _silence() -> dict[str, object]:
    return {"at": BROKEN_OFF, "kind": "silence", "seconds": 3600}


def ask(url: str, question: str, *, wait: bool = True) -> str:
    """The path of the conversation; `wait`: its answer has ended."""
    made = call(f"{url}/v1/responses", {"input": question, "background": not wait})
    return f"/chat/{made['conversation']['id']}"


def _stopped(url: str) -> str:
    """A conversation whose answer was stopped in the middle."""
    made = call(f"{url}/v1/responses", {"input": STOPPED, "background": True})
    while len(call(f"{url}/api/v1/responses/{made['id']}")["text"].split()) < BROKEN_OFF:
        time.sleep(0.05)
    call(f"{url}/v1/responses/{made['id']}/cancel", {})
    return f"/chat/{made['conversation']['id']}"


def call(address: str, body: object = None) -> Any:
    """GET, or POST of a body; JSON."""
    data = None if body is None else orjson.dumps(body)
    request = urllib.request.Request(address, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=120) as reply:
        return orjson.loads(reply.read())


def load(folder: Path) -> None:
    """The acts, where they are there; else the everyday guide is all there is."""
    folder.mkdir()
    files = [str(path) for pattern in ACTS for path in sorted(STATUTES.glob(pattern))]
    if files:
        command = [sys.executable, "-m", "advakod", "ingest", *files]
        env = {"ADVAKOD_DATA_DIR": str(folder / "var"), "PATH": "/usr/bin:/bin"}
        subprocess.run(command, env=env, check=True, stdout=subprocess.DEVNULL)


def make_history(folder: Path) -> None:
    """Runs of the last day, busier at noon than at night; a few failed."""
    chance = random.Random(7)
    database = Database(f"sqlite:///{folder / 'var' / 'advakod.db'}").open()
    try:
        database.write_sync(
            lambda connection: connection.execute(insert(run), [_made_up(chance) for _ in range(HISTORY)])
        )
    finally:
        database.close()


def _made_up(chance: random.Random) -> dict[str, object]:
    created = time.time() - min(max(chance.gauss(10, 4.5), 0.1), 23.5) * 3600
    started = created + chance.expovariate(1 / 3)
    first = started + chance.uniform(2, 9)
    failed = chance.random() < 0.03
    tokens = int(chance.uniform(150, 700))
    return {
        "id": new_id("resp"),
        "owner": "local",
        "request_hash": "",
        "status": Status.INCOMPLETE if failed else Status.COMPLETED,
        "reason": "engine_lost" if failed else None,
        "created_at": created,
        "started_at": started,
        "first_text_at": first,
        "finished_at": first + tokens / chance.uniform(9, 14),
        "output_tokens": tokens,
    }
