"""The shelf of conversations: found, named, deleted and brought back, and taken along as files and on paper."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import docx
import pypdfium2
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.page.conftest import PHONE, Open, Serve
from tests.page.laws import ACT_NAME, CITED, FRESH_DAY, QUOTED
from tests.page.talk import STOP, Talk, facts
from tests.support.server import ServerProcess

pytest_plugins = ["tests.page.law_server"]

PRINTS = "window.print = () => document.documentElement.setAttribute('data-printed', location.pathname)"
NO_ADVICE = "не консультация адвоката"


@pytest.fixture(scope="module")
def server(serve_law: Serve) -> ServerProcess:
    return serve_law(CITED)


class Shelf:
    """The column of conversations; on a phone the sheet."""

    def __init__(self, page: Page, *, sheet: bool = False) -> None:
        self.page = page
        self.place = page.get_by_role("dialog" if sheet else "complementary", name="Беседы", exact=True)

    def item(self, title: str) -> Locator:
        return self.place.get_by_role("link", name=title)

    def act(self, title: str, action: str) -> None:
        self.place.get_by_role("button", name=f"Действия с беседой «{title}»").click()
        menu = self.page.get_by_role("group", name=f"Действия с беседой «{title}»")
        menu.get_by_text(action, exact=True).click()


def begin(page: Page, question: str) -> Talk:
    """A conversation that is on the shelf, its answer ended."""
    talk = Talk(page)
    talk.ask(question).ends()
    return talk


def title_on_server(page: Page, server: ServerProcess) -> str:
    return str(facts(page.context, server, f"/api/v1/conversations/{page.url.rsplit('/', 1)[-1]}")["title"])


# -- the list -----------------------------------------------------------------------------------------


def test_a_question_stands_on_the_shelf_and_leads_back(server: ServerProcess, open_page: Open) -> None:
    page = open_page(server)
    shelf = Shelf(page)
    begin(page, "Вывеска над аптекой?")
    expect(shelf.item("Вывеска над аптекой?")).to_have_attribute("aria-current", "page")
    shelf.place.get_by_role("link", name="Новый вопрос", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Спросите о своём праве")
    begin(page, "Вывеска над баней?")
    shelf.item("Вывеска над аптекой?").click()
    expect(Talk(page).answer("Вывеска над аптекой?").region).to_be_visible()
    expect(shelf.item("Вывеска над аптекой?")).to_have_attribute("aria-current", "page")
    page.reload()
    expect(Talk(page).answer("Вывеска над аптекой?").region).to_contain_text(QUOTED)


def test_what_is_being_written_is_marked(serve_law: Serve, open_page: Open) -> None:
    page = open_page(serve_law(CITED, prompt_seconds=600))
    talk = Talk(page)
    answer = talk.ask("Вывеска над кузницей?")
    expect(Shelf(page).item("Вывеска над кузницей?")).to_contain_text("готовится ответ")
    talk.press(STOP)
    answer.ends()
    expect(Shelf(page).item("Вывеска над кузницей?")).not_to_contain_text("готовится ответ")


def test_conversations_are_found_by_any_of_their_words(server: ServerProcess, open_page: Open) -> None:
    page = open_page(server)
    shelf = Shelf(page)
    begin(page, "Чья лестница у маяка?")
    page.goto(f"{server.url}/chat")
    begin(page, "Зелёный забор у мельницы?")
    box = shelf.place.get_by_role("searchbox", name="Найти в беседах")
    box.fill("зеленый ЗАБОР")
    expect(shelf.place.get_by_role("status")).to_have_text("Нашлось: 1 беседа")
    expect(shelf.item("Зелёный забор у мельницы?").locator("mark")).to_have_text(["Зелёный", "забор"])
    expect(shelf.item("Чья лестница у маяка?")).to_have_count(0)
    box.fill("вывеска лестница")  # one in the answer, one in the question
    expect(shelf.place.get_by_role("status")).to_have_text("Нашлось: 1 беседа")
    expect(shelf.item("Чья лестница у маяка?")).to_be_visible()
    box.fill("телескоп")
    expect(shelf.place.get_by_role("status")).to_contain_text("Ничего не нашлось.")
    box.press("Escape")
    expect(shelf.item("Зелёный забор у мельницы?")).to_be_visible()


def test_a_conversation_is_renamed(server: ServerProcess, open_page: Open) -> None:
    page = open_page(server)
    shelf = Shelf(page)
    begin(page, "Кто красит перила?")
    shelf.act("Кто красит перила?", "Переименовать")
    name = shelf.place.get_by_role("textbox", name="Название беседы")
    expect(name).to_be_focused()
    name.fill("  ")
    shelf.place.get_by_role("button", name="Сохранить", exact=True).click()
    expect(shelf.place.get_by_role("alert")).to_have_text("Впишите название.")
    name.fill("Перила и краска")
    name.press("Enter")
    expect(shelf.item("Перила и краска")).to_be_visible()
    expect(shelf.place.get_by_role("button", name="Действия с беседой «Перила и краска»", exact=True)).to_be_focused()
    assert title_on_server(page, server) == "Перила и краска"
    shelf.act("Перила и краска", "Переименовать")
    name.fill("Не так")
    name.press("Escape")
    expect(shelf.item("Перила и краска")).to_be_visible()
    page.reload()
    expect(shelf.item("Перила и краска")).to_be_visible()
    expect(page).to_have_title("Перила и краска — ADVAKOD")


def test_what_was_deleted_can_be_brought_back(server: ServerProcess, open_page: Open) -> None:
    page = open_page(server)
    shelf = Shelf(page)
    begin(page, "Где стоит колодец?")
    address = page.url
    shelf.act("Где стоит колодец?", "Удалить")
    expect(page.get_by_text("Беседа «Где стоит колодец?» удалена.")).to_be_visible()
    expect(shelf.item("Где стоит колодец?")).to_have_count(0)
    expect(page).to_have_url(f"{server.url}/chat")
    page.get_by_role("button", name="Вернуть", exact=True).click()
    expect(page.get_by_text("Беседа возвращена.")).to_be_visible()
    expect(shelf.item("Где стоит колодец?")).to_be_visible()
    expect(page).to_have_url(address)
    expect(Talk(page).answer("Где стоит колодец?").region).to_contain_text(QUOTED)


def test_what_was_deleted_stays_away(server: ServerProcess, open_page: Open) -> None:
    page = open_page(server)
    shelf = Shelf(page)
    begin(page, "Куда ведёт тропа?")
    address = page.url
    shelf.act("Куда ведёт тропа?", "Удалить")
    expect(page.get_by_text("Беседа «Куда ведёт тропа?» удалена.")).to_be_visible()
    page.reload()
    expect(shelf.place.get_by_role("searchbox")).to_be_visible()
    shelf.place.get_by_role("searchbox").fill("тропа")
    expect(shelf.place.get_by_role("status")).to_contain_text("Ничего не нашлось.")
    assert page.context.request.get(address.replace("/chat/", "/api/v1/conversations/")).status == 404


def test_on_a_phone_the_shelf_is_a_sheet(server: ServerProcess, open_page: Open) -> None:
    page = open_page(server, viewport=PHONE, has_touch=True)
    begin(page, "Сколько весит якорь?")
    page.get_by_role("button", name="Беседы", exact=True).click()
    shelf = Shelf(page, sheet=True)
    expect(shelf.item("Сколько весит якорь?")).to_have_attribute("aria-current", "page")
    shelf.act("Сколько весит якорь?", "Удалить")
    page.get_by_role("button", name="Вернуть", exact=True).click()
    expect(page.get_by_text("Беседа возвращена.")).to_be_visible()
    if not shelf.place.is_visible():
        page.get_by_role("button", name="Беседы", exact=True).click()
    shelf.item("Сколько весит якорь?").click()
    expect(shelf.place).to_have_count(0)
    expect(Talk(page).answer("Сколько весит якорь?").region).to_be_visible()


# -- files and paper ----------------------------------------------------------------------------------


def saved(page: Page, title: str, kind: str) -> tuple[str, bytes]:
    """The name and the bytes of what comes of a line of the menu."""
    with page.expect_download() as coming:
        Shelf(page).act(title, kind)
    return coming.value.suggested_filename, Path(coming.value.path()).read_bytes()


def test_a_conversation_is_taken_along_as_markdown(server: ServerProcess, open_page: Open) -> None:
    page = open_page(server)
    begin(page, "Вывеска для файла?")
    name, body = saved(page, "Вывеска для файла?", "Скачать Markdown")
    text = body.decode()
    assert name.endswith(".md")
    assert "Вывеска" in name
    for words in ("Вывеска для файла?", QUOTED, ACT_NAME, FRESH_DAY, "норма найдена и прочитана", NO_ADVICE):
        assert words in text, words


def test_a_conversation_is_taken_along_as_a_document(server: ServerProcess, open_page: Open) -> None:
    page = open_page(server)
    begin(page, "Вывеска для документа?")
    name, body = saved(page, "Вывеска для документа?", "Скачать DOCX")
    assert name.endswith(".docx")
    document = docx.Document(BytesIO(body))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    text = "\n".join([paragraph.text for paragraph in document.paragraphs] + cells)
    for words in ("Вывеска для документа?", QUOTED, ACT_NAME, FRESH_DAY, "норма найдена и прочитана", NO_ADVICE):
        assert words in text, words


def test_paper_has_what_was_read_and_nothing_to_press(server: ServerProcess, open_page: Open, tmp_path: Path) -> None:
    page = open_page(server)
    begin(page, "Вывеска для печати?")
    text = printed(page.pdf(path=tmp_path / "talk.pdf"))
    for words in ("Вывеска для печати?", QUOTED, "Сколько висит вывеска", FRESH_DAY, "норма найдена и прочитана"):
        assert words in text, words
    for button in ("Скопировать", "Спросить", "Помогло", "Новый вопрос", "Изменить", "Что ещё спросить", "Беседы"):
        assert button not in text, button


def test_printing_from_the_shelf_prints_that_conversation(server: ServerProcess, open_page: Open) -> None:
    page = open_page(server)
    page.add_init_script(
        "window.print = () => document.documentElement.setAttribute('data-printed', location.pathname)"
    )
    page.reload()
    begin(page, "Первая для печати?")
    first = page.url.removeprefix(server.url)
    page.get_by_role("link", name="Новый вопрос", exact=True).click()
    begin(page, "Вторая для печати?")
    Shelf(page).act("Первая для печати?", "Печать или PDF")
    expect(page.locator("html")).to_have_attribute("data-printed", first)
    expect(Talk(page).answer("Первая для печати?").region).to_contain_text(QUOTED)


def printed(pdf: bytes) -> str:
    """Its words, with single spaces."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        return " ".join(" ".join(sheet.get_textpage().get_text_range() for sheet in document).split())
    finally:
        document.close()
