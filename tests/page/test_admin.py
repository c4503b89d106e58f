"""The operator's page: every part of it over real runs, and closed to everybody else."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from advakod.accounts import Role, new_key
from tests.e2e.wire import ask, whole_log
from tests.page.conftest import Open, Serve
from tests.page.laws import ACT_NAME, CITED, FRESH_DAY, LIBRARIES_NAME, OLD_DAY, QUESTION
from tests.page.talk import FROM_AFAR, Talk
from tests.support.browser import Console
from tests.support.server import ServerProcess

pytest_plugins = ["tests.page.law_server"]

SECTIONS = (
    "Показатели",
    "Графики",
    "Чем кончались ответы",
    "Последние ошибки",
    "Отзывы",
    "Движок",
    "Законы",
    "Настройки",
)
PLOTS = (
    "Вопросы",
    "Нагрузка",
    "Время до готового ответа",
    "Время до первого слова",
    "Скорость письма",
    "Доля ошибок",
)
ANSWERS, FAILURES = 3, 2
ADMIN_SECRET, ADMIN_ENTRY = new_key("boss", Role.ADMIN)
USER_SECRET, USER_ENTRY = new_key("anna", Role.USER)


@pytest.fixture(scope="module")
def used(serve_law: Serve) -> ServerProcess:
    """A server that has answered a few questions, and failed at others before it was restarted."""
    failing = serve_law(CITED, continuation="none", faults=[{"at": 0, "kind": "error"}])
    ask_all(failing, "Что сломается?", FAILURES)
    failing.stop()
    server = serve_law(CITED, state=failing.folder / "var", tokens_per_second=200)
    ask_all(server, QUESTION, ANSWERS)
    return server


def ask_all(server: ServerProcess, question: str, times: int) -> None:
    for _ in range(times):
        whole_log(server, ask(server, question))


@pytest.fixture(scope="module")
def locked(serve_once: Serve) -> ServerProcess:
    return serve_once("Ответ.", env={"ADVAKOD_API_KEYS": f"{ADMIN_ENTRY},{USER_ENTRY}"})


@pytest.fixture
def admin(used: ServerProcess, open_page: Open) -> Callable[[str], Locator]:
    """A part of the page, by its heading."""
    page = open_page(used, "/admin")
    return lambda name: section(page, name)


def section(page: Page, name: str) -> Locator:
    return page.get_by_role("region", name=name, exact=True)


def test_every_part_is_there(used: ServerProcess, open_page: Open) -> None:
    page = open_page(used, "/admin")
    expect(page).to_have_title("Состояние сервера — ADVAKOD")
    listed = page.get_by_role("navigation", name="Разделы страницы", exact=True).get_by_role("link")
    expect(listed).to_have_text(list(SECTIONS))
    for name in SECTIONS:
        expect(section(page, name).get_by_role("heading", level=2)).to_have_text(name)
    expect(page.get_by_text("Загружаю…")).to_have_count(0)
    expect(page.get_by_text(re.compile(r"Обновлено в \d"))).to_be_visible()


def test_figures_of_what_happened(admin: Callable[[str], Locator]) -> None:
    figures = admin("Показатели")
    expect(figures).to_contain_text(re.compile(rf"Вопросы\s*{ANSWERS + FAILURES}\b"))
    expect(figures).to_contain_text(re.compile(rf"Ошибки\s*{FAILURES}\s*40"))
    expect(figures).to_contain_text(re.compile(r"Ответ готов\s*[\d<]"))
    expect(figures).to_contain_text(re.compile(r"Скорость\s*\d"))
    outcomes = admin("Чем кончались ответы").get_by_role("row")
    for name, count, share in (("дописан", ANSWERS, 60), ("ошибка движка", FAILURES, 40)):
        cells = outcomes.filter(has_text=name).get_by_role("cell")
        expect(cells).to_have_text([str(count), f"{share}\u00a0%"])


@pytest.mark.parametrize("name", PLOTS)
def test_a_plot_is_told_in_a_sentence_and_in_a_table(name: str, admin: Callable[[str], Locator]) -> None:
    plot = admin("Графики").get_by_role("figure").filter(has=heading(admin("Графики"), name))
    drawing = plot.get_by_role("img")
    summary = drawing.get_attribute("aria-label")
    assert summary
    expect(plot.get_by_text(summary, exact=True)).to_be_visible()
    assert drawing.locator("canvas").evaluate("canvas => canvas.width > 100 && canvas.height > 50")
    plot.get_by_text("Показать числа").click()
    table = plot.get_by_role("table")
    expect(table.get_by_role("columnheader").first).to_have_text("Время")
    expect(table.get_by_role("row").nth(1)).to_contain_text(re.compile(r"\d"))
    expect(table.get_by_role("caption")).to_contain_text(name)


def heading(place: Locator, name: str) -> Locator:
    return place.page.get_by_role("heading", level=3, name=name, exact=True)


def test_failures_with_their_reasons(admin: Callable[[str], Locator]) -> None:
    failures = admin("Последние ошибки").get_by_role("listitem")
    expect(failures).to_have_count(FAILURES)
    expect(failures.first).to_contain_text("ошибка движка")
    expect(failures.first).to_contain_text("engine_failed")
    expect(failures.first).to_contain_text("Сценарий требует отказа в этом месте.")


def test_the_engine_and_the_law(admin: Callable[[str], Locator]) -> None:
    expect(admin("Движок")).to_contain_text("scripted: заданный текст для проверок")
    law = admin("Законы").get_by_role("row")
    expect(law.filter(has_text=ACT_NAME)).to_contain_text(FRESH_DAY)
    expect(law.filter(has_text=LIBRARIES_NAME)).to_contain_text(f"{OLD_DAY} старше 90 дней")
    expect(admin("Законы")).to_contain_text("Трудовой кодекс Российской Федерации: ")


def test_settings_are_looked_through(admin: Callable[[str], Locator]) -> None:
    settings = admin("Настройки")
    settings.get_by_role("searchbox", name="Найти настройку").fill("engine")
    row = settings.get_by_role("row").filter(
        has=settings.page.get_by_role("rowheader", name="ADVAKOD_ENGINE", exact=True)
    )
    expect(row).to_contain_text("scripted")
    expect(row).to_contain_text("окружение")
    settings.get_by_role("checkbox", name="Только изменённые", exact=True).check()
    settings.get_by_role("searchbox", name="Найти настройку").fill("")
    expect(settings.get_by_role("row").filter(has_text="по умолчанию")).to_have_count(0)
    settings.get_by_role("searchbox", name="Найти настройку").fill("такойнет")
    expect(settings).to_contain_text("Таких настроек нет.")


def test_another_stretch_of_time(used: ServerProcess, open_page: Open) -> None:
    page = open_page(used, "/admin")
    page.get_by_role("radio", name="Неделя", exact=True).check()
    expect(section(page, "Показатели").get_by_role("heading", name="За неделю")).to_be_visible()
    expect(section(page, "Графики").get_by_role("img").first).to_have_attribute("aria-label", re.compile("^За неделю"))
    page.reload()
    expect(page.get_by_role("radio", name="Неделя", exact=True)).to_be_checked()


def test_where_nothing_has_happened_it_says_so(serve_once: Serve, open_page: Open) -> None:
    page = open_page(serve_once("Ответ."), "/admin")
    expect(section(page, "Графики")).to_contain_text("Данных")
    expect(section(page, "Графики").get_by_role("img")).to_have_count(0)
    expect(section(page, "Последние ошибки")).to_contain_text("Ошибок не было.")
    expect(section(page, "Отзывы")).to_contain_text("Отзывов пока нет.")
    expect(section(page, "Законы")).to_contain_text("Официальных текстов нет.")


def test_a_user_is_told_that_it_is_not_for_users(locked: ServerProcess, open_page: Open, console: Console) -> None:
    console.outage = True  # the browser logs 401 and 403
    page = open_page(locked, extra_http_headers=FROM_AFAR)
    Talk(page).sign_in(USER_SECRET)
    expect(page.get_by_role("link", name="Вопросы", exact=True)).to_be_visible()
    expect(page.get_by_role("link", name="Состояние", exact=True)).to_have_count(0)
    reply = page.goto(f"{locked.url}/admin")
    assert reply is not None
    assert reply.status == 403
    expect(page.get_by_text("а ключ «anna» — пользовательский.")).to_be_visible()
    expect(page.get_by_role("heading", name="Показатели")).to_have_count(0)
    Talk(page).sign_in(ADMIN_SECRET)
    expect(section(page, "Показатели")).to_be_visible()


def test_a_stranger_signs_in_first(locked: ServerProcess, open_page: Open, console: Console) -> None:
    console.outage = True
    page = open_page(locked, "/admin", extra_http_headers=FROM_AFAR)
    Talk(page).sign_in(ADMIN_SECRET)
    expect(section(page, "Показатели")).to_be_visible()
    expect(page.get_by_role("link", name="Состояние", exact=True)).to_have_attribute("aria-current", "page")
