"""Draw every view of the page into docs/screenshots, in both themes, at 1280 and 390 pixels.

`python tools/screenshots.py [FOLDER]`: a server of its own, acts from ../shared/corpus where they are there, else
the everyday guide alone; the operator's history is made up for the picture.
"""

from __future__ import annotations

import random
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import orjson
from playwright.sync_api import Browser, Page
from sqlalchemy import insert

sys.path.insert(0, str(Path(__file__).parents[1]))  # tests.support, when run as a file

from advakod.answers.model import Status, new_id
from advakod.storage import Database
from advakod.storage.schema import run
from tests.support.browser import chromium, find_chromium
from tests.support.server import ServerProcess, start_server

ROOT = Path(__file__).parents[1]
STATUTES = ROOT.parent / "shared" / "corpus" / "statutes"
ACTS = ("zozpp*", "tk_*", "gk1_*", "pdd_*")
SIZES = {1280: 860, 390: 844}
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
QUESTIONS = (
    "Сколько дней отпуска мне положено?",
    "Телефон сломался через неделю после покупки. Можно вернуть деньги?",
)
HISTORY = 400  # made-up runs over a day
Draw = Callable[[Page, str], None]


def start(page: Page, url: str) -> None:
    page.goto(f"{url}/chat")
    page.get_by_role("textbox").first.wait_for()


def answer(page: Page, url: str) -> None:
    page.goto(f"{url}/chat/{talk(url)}")
    page.get_by_role("article").first.wait_for()


def source(page: Page, url: str) -> None:
    answer(page, url)
    page.locator("button.cite").first.click()
    page.get_by_role("complementary").or_(page.get_by_role("dialog")).last.wait_for()


def acts(page: Page, url: str) -> None:
    page.goto(f"{url}/law")
    page.get_by_role("link", name="Трудовой кодекс").first.wait_for()


def act(page: Page, url: str) -> None:
    page.goto(f"{url}/law/zozpp")
    page.get_by_role("heading", level=1).wait_for()


def article(page: Page, url: str) -> None:
    page.goto(f"{url}/law/zozpp/18")
    page.get_by_role("heading", level=1).wait_for()


def admin(page: Page, url: str) -> None:
    page.goto(f"{url}/admin")
    page.locator("canvas").first.wait_for()


VIEWS: dict[str, Draw] = {
    "start": start,
    "answer": answer,
    "source": source,
    "acts": acts,
    "act": act,
    "article": article,
    "admin": admin,
}


def talk(url: str) -> str:
    """The conversation that is shown: the newest."""
    with urllib.request.urlopen(f"{url}/api/v1/conversations") as reply:
        return str(orjson.loads(reply.read())["data"][0]["id"])


def ask(url: str, question: str) -> None:
    body = orjson.dumps({"model": "advakod", "input": question})
    request = urllib.request.Request(f"{url}/v1/responses", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as reply:
        reply.read()


def load(folder: Path) -> None:
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


def draw(browser: Browser, server: ServerProcess, out: Path) -> None:
    for width, height in SIZES.items():
        for theme in THEMES:
            context = browser.new_context(
                viewport={"width": width, "height": height},
                color_scheme=theme,
                locale="ru-RU",
                timezone_id="Europe/Moscow",
                reduced_motion="reduce",
                has_touch=width < 600,
                is_mobile=width < 600,
            )
            page = context.new_page()
            for name, view in VIEWS.items():
                view(page, server.url)
                page.wait_for_load_state("networkidle")
                page.screenshot(path=out / f"{name}-{width}-{theme}.png")
            context.close()


def main() -> int:
    """Exit status 1 where there is no Chromium."""
    path = find_chromium()
    if path is None:
        print("Chromium is not installed (Debian: chromium)", file=sys.stderr)
        return 1
    out = Path(sys.argv[1]) if sys.argv[1:] else ROOT / "docs" / "screenshots"
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        load(folder)
        server = start_server(folder, {"ADVAKOD_ENV_FILE": "/dev/null"})
        try:
            make_history(folder)
            for question in QUESTIONS:
                ask(server.url, question)
            with chromium(path) as browser:
                draw(browser, server, out)
        finally:
            server.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
