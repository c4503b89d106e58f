"""Both kinds of file from one document: what is said stands there, and nothing in it is active or out of place."""

from __future__ import annotations

import io
import zipfile
from itertools import pairwise
from xml.sax.saxutils import escape

import docx
import pytest
from docx.document import Document
from docx.text.paragraph import Paragraph
from lxml import etree
from markdown_it import MarkdownIt

from advakod.answers.export import Format, export
from advakod.answers.export.transcript import Answer, Question, Transcript

ANSWER = """# Заголовок

Да, **можно** вернуть *товар* [1] и `код`. [Закон](https://example.org/a_b)

1. первый
   - вложенный
2. второй

> цитата

| срок | дни |
|---|---|
| возврат | 14 |

5. пятый
"""
SOURCE = "[1] Статья 18 ЗоЗПП. Права — Закон РФ, редакция от 04.08.2023; норма найдена и прочитана"
# Each must change nothing but its own words.
HOSTILE = {
    "html": "<script>alert(1)</script><img src=x onerror=alert(1)><!-- --><b>x</b>",
    "svg": "<svg/onload=alert(1)>\n\n<style>*{display:none}</style>",
    "links": "[a](javascript:alert(1)) [b](data:text/html,x) <javascript:x> [c]: x\n\n[1](javascript:alert(1))",
    "references": "[1]: javascript:alert(1)\n\n[1] [a][1]\n\n[^1]: x",
    "images": "![a](https://evil.example/x.png) ![b](javascript:x) ![c][d]",
    "headings": "# раз\n\nдва\n===\n\nтри\n---\n\n###### шесть ##",
    "forbidden": "a\0b\x01c\x1b[31md\x85e\ufffe\uffff\u2028f\u202eоборот\u2066 &#0; &#1; &#x202e; &#xd800;",
    "nesting": "> " * 300 + "дно",
    "lists": "".join(f"{' ' * n}- {n}\n" for n in range(60)),
    "emphasis": "*a **b " * 400 + "b** a*" * 400,
    "many links": "[a](b)" * 3_000,
    "spaces": f"a{' ' * 30_000}b",
    "brackets": "[" * 2_000 + "]" * 2_000,
    "fences": "```\nне закрыт\n# внутри\n~~~",
    "ticks": "``` ` `` ```` и `` ` `` ещё",
    "table": "|a" * 40 + "|\n" + "|-" * 40 + "|\n" + "|b|c|d|\n" * 30,
    "cells": "|a|b|\n|-|-|\n|`x|y`|\\||\n",
    "numbers": "999999999. много\n999999999. ещё\n\n0) ноль",
    "entities": "&lt;b&gt; &amp;copy; &nbsp;x &#91;a](javascript:x)",
    "rules": "- ---\n- ***\n\n---\n\n* * *",
    "underscores": "__init__ a_b_c _x_ ___",
    "breaks": "раз  \nдва\\\nтри\n    четыре",
    "xml": "]]> <![CDATA[x]]> &xxe; <!DOCTYPE x>",
}


def transcript(question: str = "Можно?", answer: str = ANSWER, title: str = "Возврат") -> Transcript:
    said = (Question(question), Answer(answer, (SOURCE,), ("Редакция старая.",), "Ответ остановлен."))
    return Transcript(title, 0.0, 86_400.0, said)


def as_docx(made: Transcript) -> Document:
    """Opened by the library, after every part of it has been read as XML."""
    content = export(made, Format.DOCX).content
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for name in archive.namelist():
            if name.endswith((".xml", ".rels")):
                etree.fromstring(archive.read(name))
        assert b'TargetMode="External"' not in archive.read("word/_rels/document.xml.rels")
    return docx.Document(io.BytesIO(content))


def as_markdown(made: Transcript) -> str:
    return export(made, Format.MARKDOWN).content.decode()


def headings(markdown: str) -> list[tuple[str, str]]:
    """Those that stand in nothing else, as a reader of Markdown with HTML switched on sees them."""
    tokens = MarkdownIt("commonmark", {"html": True}).enable("table").parse(markdown)
    pairs = pairwise(tokens)
    return [(one.tag, inline.content) for one, inline in pairs if one.type == "heading_open" and one.level == 0]


def activities(markdown: str) -> set[str]:
    """What a reader of Markdown would do more than show."""
    tokens = MarkdownIt("commonmark", {"html": True}).enable("table").parse(markdown)
    inner = [child for token in tokens for child in token.children or ()]
    return {t.type for t in [*tokens, *inner]} & {"html_block", "html_inline", "image", "link_open"}


def test_docx_is_made_of_real_parts() -> None:
    document = as_docx(transcript())
    shown = [(p.style.name, p.text) for p in document.paragraphs if p.style]
    assert shown[0] == ("Title", "Возврат")
    for line in [
        ("Heading 1", "Вопрос 1"),
        ("Quote", "Можно?"),
        ("Heading 2", "Ответ"),
        ("Heading 3", "Заголовок"),
        ("Normal", "Да, можно вернуть товар [1] и код. Закон (https://example.org/a_b)"),
        ("Quote", "цитата"),
        ("Heading 3", "Источники"),
        ("Normal", SOURCE),
        ("Normal", "Обратите внимание. Редакция старая."),
        ("Normal", "Ответ остановлен."),
    ]:
        assert line in shown
    runs = {run.text: run for p in document.paragraphs for run in p.runs}
    assert runs["можно"].bold
    assert runs["товар"].italic
    assert [cell.text for row in document.tables[0].rows for cell in row.cells] == ["срок", "дни", "возврат", "14"]
    assert "не консультация адвоката" in " ".join(p.text for p in document.paragraphs).replace("а не", "не")


def test_docx_lists_are_numbered_by_word() -> None:
    document = as_docx(transcript())
    numbered = {p.text: _number(p) for p in document.paragraphs if p._p.xpath("./w:pPr/w:numPr")}
    assert {"первый", "вложенный", "второй", "пятый", SOURCE} == set(numbered)
    assert numbered["первый"] == numbered["второй"] != numbered["пятый"]
    assert (numbered["первый"][1], numbered["вложенный"][1]) == ("0", "1")
    numbering = document.part.numbering_part.element
    assert numbering.xpath(f"./w:num[@w:numId='{numbered['пятый'][0]}']//w:startOverride/@w:val") == ["5"]


def _number(paragraph: Paragraph) -> tuple[str, str]:
    """The list that a paragraph is in, and its level there."""
    (number,) = paragraph._p.xpath("./w:pPr/w:numPr/w:numId/@w:val")
    (level,) = paragraph._p.xpath("./w:pPr/w:numPr/w:ilvl/@w:val")
    return number, level


def test_docx_speaks_russian_and_counts_its_pages() -> None:
    document = as_docx(transcript())
    assert document.styles.element.xpath("./w:docDefaults//w:lang/@w:val") == ["ru-RU"]
    about = document.core_properties
    assert (about.language, about.title, about.author) == ("ru-RU", "Возврат", "ADVAKOD")
    footer = document.sections[0].footer.paragraphs[0]
    assert footer._p.xpath(".//w:fldSimple/@w:instr") == ["PAGE", "NUMPAGES"]
    assert "Страница" in footer.text
    height = document.sections[0].page_height
    assert height is not None
    assert round(height.cm, 1) == 29.7


def test_markdown_headings_of_an_answer_stand_below_ours() -> None:
    markdown = as_markdown(transcript())
    assert headings(markdown) == [
        ("h1", "Возврат"),
        ("h2", "Вопрос 1"),
        ("h3", "Ответ"),
        ("h4", "Заголовок"),
        ("h4", "Источники"),
    ]
    assert "Да, **можно** вернуть *товар* [1]" in markdown
    assert "1. первый\n" in markdown
    assert "| возврат | 14 |" in markdown
    assert f"- {SOURCE}" in markdown


OURS = [("h1", "Возврат"), ("h2", "Вопрос 1"), ("h3", "Ответ"), ("h4", "Источники")]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_markdown_stays_inert(name: str) -> None:
    made = transcript(HOSTILE[name], HOSTILE[name])
    markdown = as_markdown(made)
    assert not activities(markdown)
    told = headings(markdown)
    assert [one for one in told if one in OURS] == OURS
    assert all(tag in ("h4", "h5", "h6") for tag, _ in told[3:])
    assert SOURCE in markdown
    document = as_docx(made)
    assert document.paragraphs[-1].text == SOURCE
    assert [p.text for p in document.paragraphs if p.style and p.style.name in ("Title", "Heading 1", "Heading 2")] == [
        "Возврат",
        "Вопрос 1",
        "Ответ",
    ]
    assert "\u202e" not in markdown
    assert not any("\u202e" in p.text for p in document.paragraphs)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_title_is_one_heading(name: str) -> None:
    title = HOSTILE[name][:200]
    made = transcript(title=title)
    told = headings(as_markdown(made))
    assert [tag for tag, _ in told[:3]] == ["h1", "h2", "h3"]
    assert not activities(as_markdown(made))
    assert as_docx(made).paragraphs[0].style.name == "Title"  # type: ignore[union-attr]


def test_what_a_question_says_is_read_as_it_was_typed() -> None:
    question = "# Не заголовок\n1. раз\n- два\n> три\n\n*четыре* <b> _x_ [a](b) 5 & 6 &lt; \\ `к`"
    document = as_docx(transcript(question))
    assert "\n".join(p.text for p in document.paragraphs if p.style and p.style.name == "Quote").startswith(
        question.replace("\n\n", "\n")
    )
    rendered = str(MarkdownIt("commonmark").render(as_markdown(transcript(question))))
    for line in question.split("\n"):
        assert escape(line) in rendered


def test_an_answer_of_30000_characters() -> None:
    text = "\n\n".join(f"**{n}.** " + "Продавец обязан вернуть деньги. " * 10 for n in range(93))
    assert len(text) > 30_000
    made = transcript(answer=text)
    paragraphs = [p.text for p in as_docx(made).paragraphs]
    assert sum("Продавец обязан" in p for p in paragraphs) == 93
    assert as_markdown(made).count("Продавец обязан") == 930
