"""The page `/chat` as a person uses it: by what is written on it. The words are those of `web/src/texts.ts`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from playwright.sync_api import BrowserContext, Locator, Page, Request, expect

from tests.support.server import ServerProcess

RECONNECTING = "Связь прервалась, ответ готовится, подключаюсь…"
WAITS_FOR_NETWORK = "Вопрос ждёт связи и уйдёт сам"
PATIENCE = 60_000  # ms for a run to be written to its end
STOP, CONTINUE, AGAIN, COPY = "Остановить", "Продолжить", "Спросить ещё раз", "Скопировать"
FROM_AFAR = {"X-Forwarded-For": "192.0.2.1"}  # as through a proxy: who comes from this machine needs no key
HIDE = """state => {
    Object.defineProperty(document, 'visibilityState', {configurable: true, get: () => state});
    document.dispatchEvent(new Event('visibilitychange', {bubbles: true}));
}"""
WORD = re.compile(r"слово\d+")


def script(count: int) -> str:
    """A text of so many words, no two of them equal, in paragraphs."""
    return "\n\n".join(" ".join(words(count)[at : at + 12]) for at in range(0, count, 12))


def words(count: int) -> list[str]:
    return [f"слово{number}" for number in range(count)]


class Talk:
    """One tab at `/chat`."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.box = page.get_by_role("textbox", name="Ваш вопрос")
        self.reconnecting = page.get_by_text(RECONNECTING)

    def ask(self, question: str) -> Answer:
        self.box.fill(question)
        self.press("Спросить")
        return self.answer(question)

    def answer(self, question: str) -> Answer:
        return Answer(self.page.get_by_role("region", name=f"Ответ на вопрос: {question[:80]}", exact=True))

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).click()

    def show(self, *, seen: bool) -> None:
        """As if the tab were hidden, or seen again: a browser without a screen shows all of them always."""
        self.page.evaluate(HIDE, "visible" if seen else "hidden")

    def streams(self) -> list[Request]:
        """The streams of runs that it opens from now on, as they come."""
        seen: list[Request] = []
        self.page.on("request", lambda request: seen.append(request) if is_stream(request) else None)
        return seen

    def lost_streams(self) -> list[Request]:
        """Those that are given up from now on, as they are."""
        lost: list[Request] = []
        self.page.on("requestfailed", lambda request: lost.append(request) if is_stream(request) else None)
        return lost

    def lose_network(self) -> None:
        """Once the page has all that it fetches ahead. What is open stays open: see `Cutter`."""
        self.page.wait_for_load_state("networkidle")
        self.page.context.set_offline(True)

    def sign_in(self, secret: str) -> None:
        self.page.get_by_label("Ключ доступа").fill(secret)
        self.press("Войти")


class Answer:
    """What stands under a question."""

    def __init__(self, region: Locator) -> None:
        self.region = region

    def reaches(self, word: int) -> None:
        """Wait until the script is written as far as this word."""
        expect(self.region).to_contain_text(re.compile(rf"слово{word}\b"))

    def ends(self) -> None:
        expect(self.region).to_have_attribute("aria-busy", "false")

    def is_exactly(self, written: Sequence[str]) -> None:
        """It ends with these words of the script: none is missing and none is there twice."""
        self.ends()
        expect(self.region).to_contain_text(re.compile(rf"{written[-1]}\b"))
        assert self.words() == list(written)

    def words(self) -> list[str]:
        """Those of the script, as they stand there now, also in blocks that are too far away to be drawn."""
        return WORD.findall(self.region.text_content() or "")

    def button(self, name: str) -> Locator:
        return self.region.get_by_role("button", name=name, exact=True)


def is_stream(request: Request) -> bool:
    return "starting_after" in request.url


# -- what the server knows ---------------------------------------------------------------------------


def facts(context: BrowserContext, server: ServerProcess, path: str) -> Any:
    """JSON of the server, asked past the page and past all that is between them, as the one who is signed in there."""
    reply = context.request.get(server.url + path)
    assert reply.ok, reply.text()
    return reply.json()


def begin(context: BrowserContext, server: ServerProcess, question: str) -> str:
    """Ask past the page; the run."""
    reply = context.request.post(f"{server.url}/v1/responses", data={"input": question, "background": True})
    assert reply.ok, reply.text()
    return str(reply.json()["id"])


def wait_for_end(context: BrowserContext, server: ServerProcess, run: str) -> None:
    """The stream of a run ends with the run."""
    assert context.request.get(f"{server.url}/v1/responses/{run}?stream=true", timeout=PATIENCE).ok


def messages(context: BrowserContext, server: ServerProcess) -> Iterable[dict[str, Any]]:
    """Of all conversations."""
    for conversation in facts(context, server, "/api/v1/conversations?limit=100")["data"]:
        yield from facts(context, server, f"/api/v1/conversations/{conversation['id']}")["messages"]


def runs(context: BrowserContext, server: ServerProcess, question: str) -> list[dict[str, Any]]:
    """What the server made of a question, however often it was asked; oldest first."""
    known = list(messages(context, server))
    asked = {message["id"] for message in known if message["role"] == "user" and message["text"] == question}
    return [message["run"] for message in known if message["parent"] in asked and message["run"]]
