"""Blocks as a DOCX that Word, LibreOffice and python-docx open: headings, lists and quotations are real ones."""

from __future__ import annotations

import datetime as dt
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count
from xml.sax.saxutils import escape

from docx import Document
from docx.document import Document as DocxDocument
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.shared import Cm, Pt, RGBColor
from docx.text.paragraph import Paragraph as DocxParagraph

from . import wording
from .blocks import Block, Code, Heading, Items, Paragraph, Quote, Rule, Span, Spans, Table

LANGUAGE = "ru-RU"
FONT, CODE_FONT = "Times New Roman", "Courier New"
PAGE_SIZE = (Cm(21.0), Cm(29.7))  # A4
MARGIN = Cm(2.5)
STEP = 425  # of indentation, in twentieths of a point: 0.75 cm
DEEPEST = 8  # levels that are indented; Word's lists have nine
MOST_COLUMNS, MOST_CELLS = 12, 600  # of a table on a page; what has more is no table but noise, and shown as lines
LONGEST_TITLE = 255  # of a document's properties


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a block stands: how deep, in a quotation, at the beginning of a list's item."""

    depth: int = 0
    quoted: bool = False
    number: tuple[int, int] | None = None  # of the list, and its level


def write(blocks: Sequence[Block], title: str, made_at: float) -> bytes:
    """The whole file. The texts hold no character that XML does not."""
    document = Document()
    _set_up(document, title, made_at)
    body = _Body(_Lists(document)).of(blocks, _Place())
    last = document.element.body[-1]  # the page's measures
    # Parsed at once: made one by one through the library, paragraphs cost fifteen times as much.
    for element in parse_xml(f"<w:body {nsdecls('w')}>{''.join(body)}</w:body>"):
        last.addprevious(element)
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()


class _Body:
    """The elements of a document's body, as XML."""

    def __init__(self, lists: _Lists) -> None:
        self._lists = lists

    def of(self, blocks: Sequence[Block], place: _Place) -> Iterator[str]:
        for index, block in enumerate(blocks):
            yield from self._block(block, replace(place, number=None) if index else place)

    def _block(self, block: Block, place: _Place) -> Iterator[str]:
        match block:
            case Heading(level, spans):
                yield _heading(level, spans, place)
            case Paragraph(spans):
                yield _paragraph(place, spans)
            case Code(text):
                yield _paragraph(place, (Span(text, code=True),))
            case Rule():
                yield _paragraph(place, (Span("* * *"),))
            case Quote(inner):
                yield from self.of(inner, replace(place, depth=place.depth + 1, quoted=True))
            case Items():
                yield from self._items(block, place)
            case Table(rows):
                yield from _table(rows, place)

    def _items(self, block: Items, place: _Place) -> Iterator[str]:
        level = min(place.depth, DEEPEST)
        number = self._lists.bullets if block.start is None else self._lists.ordered(level, block.start)
        for item in block.items:
            yield from self.of(item or (Paragraph(()),), _Place(place.depth + 1, place.quoted, (number, level)))


def _heading(level: int, spans: Sequence[Span], place: _Place) -> str:
    if place.depth:  # inside something else it is only bold: the table of contents is ours
        return _paragraph(place, [replace(span, bold=True) for span in spans])
    return _paragraph(place, spans, style="Title" if level == 1 else f"Heading{level - 1}")


def _paragraph(place: _Place, spans: Sequence[Span], style: str = "") -> str:
    style = style or ("Quote" if place.quoted else "")
    facts = f'<w:pStyle w:val="{style}"/>' if style else ""
    if place.number is not None:
        number, level = place.number
        facts += f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="{number}"/></w:numPr>'
    if place.depth:
        hanging = f' w:hanging="{STEP}"' if place.number is not None else ""
        facts += f'<w:ind w:left="{STEP * min(place.depth, DEEPEST)}"{hanging}/>'
    return f"<w:p><w:pPr>{facts}</w:pPr>{''.join(map(_run, spans))}</w:p>"


def _run(span: Span) -> str:
    facts = f'<w:rFonts w:ascii="{CODE_FONT}" w:hAnsi="{CODE_FONT}" w:cs="{CODE_FONT}"/>' * span.code
    facts += "<w:b/>" * span.bold + "<w:i/>" * span.italic + "<w:strike/>" * span.struck
    parts = (_SPECIAL.get(part) or f'<w:t xml:space="preserve">{escape(part)}</w:t>' for part in _words(span.text))
    return f"<w:r><w:rPr>{facts}</w:rPr>{''.join(parts)}</w:r>"


_SPECIAL = {"\n": "<w:br/>", "\t": "<w:tab/>"}


def _words(text: str) -> list[str]:
    return [part for part in re.split("([\n\t])", text) if part]


def _table(rows: Sequence[Sequence[Spans]], place: _Place) -> Iterator[str]:
    columns = len(rows[0])
    if columns > MOST_COLUMNS or columns * len(rows) > MOST_CELLS:
        for row in rows:
            yield _paragraph(place, (Span(" | ".join("".join(span.text for span in cell) for cell in row)),))
        return
    lines = "".join(f"<w:tr>{''.join(map(_cell, row))}</w:tr>" for row in rows)
    yield (
        '<w:tbl><w:tblPr><w:tblStyle w:val="TableGrid"/><w:tblW w:w="0" w:type="auto"/></w:tblPr>'
        f"<w:tblGrid>{'<w:gridCol/>' * columns}</w:tblGrid>{lines}</w:tbl>"
    )
    yield "<w:p/>"  # keeps a table that follows from growing together with this one


def _cell(spans: Spans) -> str:
    return f'<w:tc><w:tcPr><w:tcW w:w="0" w:type="auto"/></w:tcPr>{_paragraph(_Place(), spans)}</w:tc>'


class _Lists:
    """Numberings of their own: a list begins at its own number, not where the one before it ended."""

    def __init__(self, document: DocxDocument) -> None:
        self._numbering = document.part.numbering_part.element
        taken = [int(number) for number in self._numbering.xpath("./w:num/@w:numId")]
        self._free = count(max(taken, default=0) + 1)
        kinds = [int(kind) for kind in self._numbering.xpath("./w:abstractNum/@w:abstractNumId")]
        self._decimal = max(kinds, default=0) + 1
        self._define(self._decimal, "decimal", "%{}.")
        self._define(self._decimal + 1, "bullet", "•")
        self.bullets = self._new(self._decimal + 1)

    def ordered(self, level: int, start: int) -> int:
        override = f'<w:lvlOverride w:ilvl="{level}"><w:startOverride w:val="{start}"/></w:lvlOverride>'
        return self._new(self._decimal, override)

    def _new(self, kind: int, override: str = "") -> int:
        number = next(self._free)
        self._numbering.append(
            parse_xml(f'<w:num {nsdecls("w")} w:numId="{number}"><w:abstractNumId w:val="{kind}"/>{override}</w:num>')
        )
        return number

    def _define(self, kind: int, form: str, text: str) -> None:
        levels = "".join(
            f'<w:lvl w:ilvl="{level}"><w:start w:val="1"/><w:numFmt w:val="{form}"/>'
            f'<w:lvlText w:val="{text.format(level + 1)}"/><w:lvlJc w:val="left"/></w:lvl>'
            for level in range(DEEPEST + 1)
        )
        self._numbering.insert(
            0,
            parse_xml(
                f'<w:abstractNum {nsdecls("w")} w:abstractNumId="{kind}">'
                f'<w:multiLevelType w:val="hybridMultilevel"/>{levels}</w:abstractNum>'
            ),
        )


def _set_up(document: DocxDocument, title: str, made_at: float) -> None:
    section = document.sections[0]
    section.page_width, section.page_height = PAGE_SIZE
    section.left_margin = section.right_margin = section.top_margin = section.bottom_margin = MARGIN
    _number_pages(section.footer.paragraphs[0])
    _speak_russian(document)
    about = document.core_properties
    about.title, about.language = title[:LONGEST_TITLE], LANGUAGE
    about.author = about.last_modified_by = "ADVAKOD"
    about.comments = ""
    about.created = about.modified = dt.datetime.fromtimestamp(made_at, dt.UTC)


def _speak_russian(document: DocxDocument) -> None:
    """The language that spelling is checked in, and one font for all of it: the template's differ by script."""
    styles = document.styles.element
    for fonts in styles.xpath(".//w:style//w:rFonts"):
        fonts.getparent().remove(fonts)
    (defaults,) = styles.xpath("./w:docDefaults/w:rPrDefault/w:rPr")
    defaults.remove(defaults.find(qn("w:rFonts")))
    defaults.insert(0, parse_xml(f'<w:rFonts {nsdecls("w")} w:ascii="{FONT}" w:hAnsi="{FONT}" w:cs="{FONT}"/>'))
    defaults.find(qn("w:lang")).set(qn("w:val"), LANGUAGE)
    document.styles["Normal"].font.size = Pt(12)
    for style in document.styles:
        if style.name and style.name.startswith(("Heading", "Title")):
            style.font.color.rgb = RGBColor(0x1F, 0x1F, 0x1F)


def _number_pages(paragraph: DocxParagraph) -> None:
    """«Страница 2 из 5»."""
    paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    for words, field in ((wording.PAGE, "PAGE"), (wording.OF, "NUMPAGES")):
        paragraph.add_run(words)
        counter = OxmlElement("w:fldSimple")
        counter.set(qn("w:instr"), field)
        counter.append(parse_xml(f"<w:r {nsdecls('w')}><w:t>1</w:t></w:r>"))
        paragraph._p.append(counter)
