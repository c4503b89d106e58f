"""Draw every view of the page into docs/screenshots, in both themes, at 1280 and 390 pixels; an answer's states in two.

`python tools/screenshots.py [FOLDER [VIEW …]]`: servers of its own, acts from ../shared/corpus where they are there,
else the everyday guide alone; the operator's history is made up for the picture.
"""

from __future__ import annotations

import io
import itertools
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pypdfium2 as pdfium
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page

sys.path.insert(0, str(Path(__file__).parents[1]))  # tests.support and tools, when run as a file

from tests.support.browser import chromium, find_chromium
from tools.pictured import Pictured, pictured

ROOT = Path(__file__).parents[1]
SIZES = {1280: 860, 390: 844}
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
FROM_AFAR = {"X-Forwarded-For": "192.0.2.1"}  # who is not on the server's own machine needs a key
PAPER = 1.25  # pixels a point of the printed page
Draw = Callable[[Page, Pictured], None]


def signin(page: Page, at: Pictured) -> None:
    page.set_extra_http_headers(FROM_AFAR)
    page.goto(f"{at.url}/chat")
    page.get_by_role("button", name="Войти").wait_for()


def start(page: Page, at: Pictured) -> None:
    page.goto(f"{at.url}/chat")
    page.get_by_role("textbox").first.wait_for()


def answer(page: Page, at: Pictured) -> None:
    page.goto(at.answer)
    page.get_by_role("article").first.wait_for()


def ending(page: Page, at: Pictured) -> None:
    """Where an answer ends: sources, its basis, what to ask next."""
    answer(page, at)
    page.get_by_text("Источники", exact=True).first.scroll_into_view_if_needed()
    page.mouse.wheel(0, 5000)


def conversations(page: Page, at: Pictured) -> None:
    answer(page, at)
    if page.get_by_role("button", name="Беседы").is_visible():  # a sheet on a phone, a column else
        page.get_by_role("button", name="Беседы").click()
        page.get_by_role("dialog").wait_for()
    page.get_by_role("button", name="Действия с беседой").first.click()


def source(page: Page, at: Pictured) -> None:
    answer(page, at)
    page.locator("button.cite").first.click()
    page.get_by_role("complementary").or_(page.get_by_role("dialog")).last.wait_for()


def writing(page: Page, at: Pictured) -> None:
    page.goto(at.writing)
    page.get_by_text("Пишу ответ", exact=True).wait_for()
    page.get_by_text("Телефон относится").wait_for()


def queued(page: Page, at: Pictured) -> None:
    page.goto(at.queued)
    page.get_by_text("В очереди").first.wait_for()


def lost(page: Page, at: Pictured) -> None:
    page.goto(at.lost)
    page.get_by_text("Телефон относится").wait_for()
    at.hop.refuse()
    page.get_by_text("Связь прервалась").first.wait_for()
    at.hop.mend()


def stopped(page: Page, at: Pictured) -> None:
    _ended(page, at.stopped)


def timeout(page: Page, at: Pictured) -> None:
    _ended(page, at.timeout)


def failed(page: Page, at: Pictured) -> None:
    _ended(page, at.failed)


def _ended(page: Page, address: str) -> None:
    page.goto(address)
    ending = (
        page.get_by_role("button", name="Продолжить").or_(page.get_by_role("button", name="Спросить ещё раз")).first
    )
    ending.evaluate("button => button.scrollIntoView({block: 'center'})")


def acts(page: Page, at: Pictured) -> None:
    page.goto(f"{at.url}/law")
    page.get_by_role("link", name="Трудовой кодекс").first.wait_for()


def act(page: Page, at: Pictured) -> None:
    page.goto(f"{at.url}/law/zozpp")
    page.get_by_role("heading", level=1).wait_for()


def article(page: Page, at: Pictured) -> None:
    page.goto(f"{at.url}/law/zozpp/18")
    page.get_by_role("heading", level=1).wait_for()


def admin(page: Page, at: Pictured) -> None:
    page.goto(f"{at.url}/admin")
    page.locator("canvas").first.wait_for()


ROOMS: tuple[Draw, ...] = (start, answer, source, conversations, acts, act, article, admin, signin)
STATES: tuple[Draw, ...] = (writing, queued, lost, ending, stopped, timeout, failed)
STATES_IN = {(1280, "light"), (390, "dark")}  # they differ in a few lines: one of each is enough
SETTLED = frozenset(ROOMS + STATES) - {writing, queued, lost}  # the others hold a stream open, or try to


def draw(browser: Browser, at: Pictured, out: Path, wanted: list[str]) -> None:
    for width, theme in itertools.product(SIZES, THEMES):
        with _context(browser, width, theme) as context:
            for view in ROOMS + (STATES if (width, theme) in STATES_IN else ()):
                if not wanted or view.__name__ in wanted:
                    picture = Image.open(io.BytesIO(_picture(context, view, at)))
                    _save(picture, out / f"{view.__name__}-{width}-{theme}.png")
    if not wanted or "printed" in wanted:
        _save(printed(browser.new_page(), at), out / "printed.png")


def _save(picture: Image.Image, file: Path) -> None:
    """With a palette: a third of the bytes, and the eye sees no difference."""
    picture.convert("RGB").quantize(256, dither=Image.Dither.NONE).save(file, optimize=True)


def _context(browser: Browser, width: int, theme: Literal["light", "dark"]) -> BrowserContext:
    return browser.new_context(
        viewport={"width": width, "height": SIZES[width]},
        color_scheme=theme,
        locale="ru-RU",
        timezone_id="Europe/Moscow",
        reduced_motion="reduce",
        has_touch=width < 600,
        is_mobile=width < 600,
        bypass_csp=True,  # for the style below
    )


def _picture(context: BrowserContext, view: Draw, at: Pictured) -> bytes:
    page = context.new_page()
    view(page, at)
    page.add_style_tag(content="html { scrollbar-gutter: auto }")  # a picture has no bars to keep room for
    page.wait_for_load_state("networkidle" if view in SETTLED else "load")
    taken = page.screenshot()
    page.close()
    return taken


def printed(page: Page, at: Pictured) -> Image.Image:
    """The first sheet of a conversation, as Chromium makes a PDF of it."""
    answer(page, at)
    page.wait_for_load_state("networkidle")
    document = pdfium.PdfDocument(page.pdf(format="A4", prefer_css_page_size=True))
    sheet: Image.Image = document[0].render(scale=PAPER).to_pil()
    return sheet


def main() -> int:
    """Exit status 1 where there is no Chromium."""
    path = find_chromium()
    if path is None:
        print("Chromium is not installed (Debian: chromium)", file=sys.stderr)
        return 1
    out = Path(sys.argv[1]) if sys.argv[1:] else ROOT / "docs" / "screenshots"
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary, pictured(Path(temporary)) as at, chromium(path) as browser:
        draw(browser, at, out, sys.argv[2:])
    return 0


if __name__ == "__main__":
    sys.exit(main())
