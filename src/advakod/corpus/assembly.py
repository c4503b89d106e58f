"""Provisions put together into texts. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..law.model import Kind, Provision
from .model import ArticleText, Edition

CONTAINERS = frozenset({Kind.SECTION, Kind.SUBSECTION, Kind.CHAPTER, Kind.PARAGRAPH, Kind.APPENDIX})
WORDS_SHOWN = 90  # characters; what tells one point from another in a list
_NAMES = {
    Kind.SECTION: "Раздел",
    Kind.SUBSECTION: "Подраздел",
    Kind.CHAPTER: "Глава",
    Kind.PARAGRAPH: "§",
    Kind.APPENDIX: "Приложение",
}


def articles_of(edition: Edition, provisions: Sequence[Provision]) -> Iterator[ArticleText]:
    """Every unit that stands directly in a container or at the top, in reading order."""
    path: list[tuple[int, Provision]] = []
    ordinal = 0
    while ordinal < len(provisions):
        provision = provisions[ordinal]
        while path and path[-1][0] != provision.parent:
            path.pop()
        if provision.kind in CONTAINERS:
            path.append((ordinal, provision))
            end = ordinal + 1
            if provision.text:  # words of a chapter's or an appendix's own, before its first unit
                yield assemble(edition, ordinal, [provision], [p for _, p in path[:-1]])
        else:
            end = _end(provisions, ordinal)
            yield assemble(edition, ordinal, provisions[ordinal:end], [p for _, p in path])
        ordinal = end


def assemble(
    edition: Edition, ordinal: int, provisions: Sequence[Provision], ancestors: Sequence[Provision]
) -> ArticleText:
    """One text from a provision and everything below it."""
    unit = provisions[0]
    return ArticleText(
        act_id=edition.act_id,
        act_title=edition.act_title,
        document_id=edition.document_id,
        edition_id=edition.id,
        edition_date=edition.edition_date,
        status=edition.status,
        kind=unit.kind,
        number=unit.number,
        heading=unit.heading,
        address=f"{edition.address}/{unit.address}",
        path=tuple(title(p) for p in ancestors),
        text=subtree_text(provisions),
        repealed=unit.repealed,
        provisions=tuple(provisions),
        ordinal=ordinal,
    )


def subtree_text(provisions: Sequence[Provision]) -> str:
    """The words below a unit's heading, a line for each provision, with the numbers as printed."""
    unit, *below = provisions
    lines = [unit.text, *(f"{p.heading} {p.text}".strip() for p in below)]
    return "\n".join(filter(None, lines))


def title(provision: Provision) -> str:
    """«Глава 13. Прекращение трудового договора», «Статья 81. …»; what has no name gives its heading."""
    name = "Статья" if provision.kind is Kind.ARTICLE else _NAMES.get(provision.kind, "")
    if not name or (not provision.number and provision.heading):
        return provision.heading
    numbered = f"{name} {provision.number}".strip()
    return f"{numbered}. {provision.heading}" if provision.heading else numbered


def line_title(kind: Kind, number: str, heading: str, words: str) -> str:
    """What stands for a unit in a table of contents. `words`: its own text, or at least how it begins."""
    if kind is Kind.ARTICLE or kind in CONTAINERS:
        return title(Provision("", kind, number, heading, "", -1)) or "Приложение"
    return "Преамбула" if kind is Kind.PREAMBLE else f"{heading} {shortened(words)}".strip()


def shortened(words: str) -> str:
    """The first words, up to WORDS_SHOWN characters; a word is never cut."""
    if len(words) <= WORDS_SHOWN:
        return words
    return words[: WORDS_SHOWN + 1].rpartition(" ")[0].rstrip(" ,;:—–-") + "…"


def _end(provisions: Sequence[Provision], ordinal: int) -> int:
    end = ordinal + 1
    while end < len(provisions) and provisions[end].parent >= ordinal:
        end += 1
    return end
