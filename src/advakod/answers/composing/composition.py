"""The whole answer as Markdown. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from ...engine.interface import Source
from ...law.guide import load_guide
from .blocks import indent_of
from .names import act_name, cited, day, heading
from .relevance import read
from .selection import Statement, choose, read_sources
from .steps import steps

COMPOSER_VERSION = 1  # in the engine's fingerprint; raise it when a text comes out differently

MOST_FIGURES = 2  # sums and terms of the guide that stand beside an article
SHOWN_FIGURES_OF = 2  # articles

NOTHING_FOUND = """\
В загруженных законах не нашлось норм, которые отвечают на этот вопрос, поэтому ответа по существу здесь нет.

Что можно попробовать:

- сформулировать вопрос иначе: что произошло, кто вы в этой истории (покупатель, работник, наниматель), чего хотите;
- назвать закон и номер статьи, если они известны;
- загрузить нужный закон командой `advakod ingest ПУТЬ` (как это сделать, описано в docs/howto/load-law.md)."""

FOOTER = (
    "*Ответ составлен из текста норм без языковой модели: они приведены дословно, но без учёта всех обстоятельств. "
    "Это не консультация адвоката.*"
)
SUMMARY_FOOTER = (
    "*Ответ составлен из кратких пересказов норм без языковой модели. Это не текст закона и не консультация адвоката.*"
)


def compose(question: str, sources: Sequence[Source]) -> str:
    """An answer in which every statement names its provision and ends with `[n]`.

    Statements are whole sentences of the sources. Without sources, or without anything to read in
    them, it says that nothing was found and cites nothing.
    """
    reading = read_sources(read(question), sources)
    groups = choose(reading)
    if not groups:
        return NOTHING_FOUND
    summaries = all(group[0].source.summary for group in groups)
    pieces = [
        *([_on_summaries([g[0].source for g in groups])] if summaries else []),
        _lead([g[0].source for g in groups]),
        *(_group(group, with_figures=rank < SHOWN_FIGURES_OF) for rank, group in enumerate(groups)),
        *_next(steps(reading, groups)),
        SUMMARY_FOOTER if summaries else FOOTER,
    ]
    return "\n\n".join(pieces)


def _on_summaries(sources: Sequence[Source]) -> str:
    """The first line of an answer without the law's own text."""
    dates = " и ".join(dict.fromkeys(day(s.edition_date) for s in sources if s.edition_date))
    edition = f" (по редакции от {dates})" if dates else ""
    return (
        f"**Ответ основан на кратких пересказах статей{edition}, а не на официальном тексте: "
        "закон с тех пор мог измениться.** "
        "Чтобы отвечать по официальному тексту, загрузите его: `advakod ingest ПУТЬ` (docs/howto/load-law.md)."
    )


def _lead(sources: Sequence[Source]) -> str:
    acts = groupby(sorted(sources, key=lambda s: _place(sources, s)), key=_titled)
    named = (f"- {title}: {_articles(list(found))}" for title, found in acts)
    return "\n".join(("### Что применяется", "", *named))


def _place(sources: Sequence[Source], source: Source) -> int:
    """Acts in the order in which they come first, their articles in the answer's order: sorting is stable."""
    return next(i for i, s in enumerate(sources) if _titled(s) == _titled(source))


def _titled(source: Source) -> str:
    """«Закон РФ «О защите прав потребителей» в редакции от 04.08.2023»."""
    edition = "пересказ по редакции от" if source.summary else "в редакции от"
    dated = f"{edition} {day(source.edition_date)}" if source.edition_date else "пересказ" if source.summary else ""
    return f"{source.act_title}{', ' if source.summary else ' '}{dated}".strip(" ,")


def _articles(sources: Sequence[Source]) -> str:
    return ", ".join(f"{cited(s).removesuffix(act_name(s)).strip()} [{s.n}]" for s in sources)


def _group(group: Sequence[Statement], *, with_figures: bool) -> str:
    source = group[0].source
    marked = " (краткий пересказ)" if source.summary else ""
    pieces = [f"### {heading(source)}{marked}", *(_statement(s) for s in group)]
    if with_figures and (figures := list(_figures(source))):
        pieces.append("Сроки и суммы, в пересказе:\n\n" + "\n".join(figures))
    return "\n\n".join(pieces)


def _statement(statement: Statement) -> str:
    block, mark = statement.block, f"[{statement.source.n}]"
    reference = f"({cited(statement.source, block.number, note=block.note)}) {mark}"
    if not block.items:
        return _before_stop(block.lead, reference)
    lines = [_before_stop(block.lead, reference), ""]
    lines += [f"{indent_of(item)}- {_before_stop(item, mark)}" for item in block.items]
    if block.tail:
        lines += ["", _before_stop(block.tail, mark)]
    if statement.left_out:
        lines.append(f"- *и ещё пунктов: {statement.left_out} — см. {cited(statement.source)}* {mark}")
    return "\n".join(lines)


def _before_stop(sentence: str, reference: str) -> str:
    """«… вправе (п. 1 ст. 18 ЗоЗПП) [1]:»: the reference belongs to its sentence."""
    stop = sentence[-1:] if sentence[-1:] in ".:;" else ""
    return f"{sentence[: len(sentence) - len(stop)]} {reference}{stop}"


def _figures(source: Source) -> Iterator[str]:
    """Sums and terms in plain words, only beside the very text they were written from."""
    entry = None if source.summary else load_guide().find(source.act, source.article)
    if entry is not None:
        for figure in entry.figures_beside(source.text)[:MOST_FIGURES]:
            yield f"- {_before_stop(figure, f'({cited(source)}) [{source.n}]')}"


def _next(found: Sequence[Statement]) -> Iterator[str]:
    if found:
        lines = (
            f"- {_before_stop(s.block.lead, f'({cited(s.source, s.block.number, note=s.block.note)}) [{s.source.n}]')}"
            for s in found
        )
        yield "\n".join(("### Что можно сделать", "", *lines))
