"""The whole answer as Markdown. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from ...engine.interface import Source
from ...law.guide import load_guide
from .figures import numbers
from .marks import items_of, with_reference, without_hyphen
from .names import act_name, cited, day, heading
from .relevance import Question, reach, read
from .selection import Reading, Statement, choose, read_sources
from .steps import steps

COMPOSER_VERSION = 2  # in the engine's fingerprint; raise it when a text comes out differently

MOST_FIGURES = 2  # sums and terms of the guide that stand beside an article
SHOWN_FIGURES_OF = 2  # articles
FIGURE_REACH = 0.8  # of the question's words that the quoted text has; what has fewer is about something else

DOUBT = (
    "**Возможно, это не то: в найденных нормах мало слов из вопроса, и они могут на него не отвечать.** "
    "Попробуйте спросить иначе или назвать закон и статью."
)

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
    """An answer in which every paragraph and every list's lead-in names its provision and ends with `[n]`.

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
        *([DOUBT] if reading.doubted else []),
        _lead([g[0].source for g in groups], "Что нашлось" if reading.doubted else "Что применяется"),
        *(_group(reading, group, with_figures=rank < SHOWN_FIGURES_OF) for rank, group in enumerate(groups)),
        *_next([] if reading.doubted else steps(reading, groups)),
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


def _lead(sources: Sequence[Source], title: str) -> str:
    acts = groupby(sorted(sources, key=lambda s: _place(sources, s)), key=_titled)
    named = (f"- {act}: {_articles(list(found))}" for act, found in acts)
    return "\n".join((f"### {title}", "", *named))


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


def _group(reading: Reading, group: Sequence[Statement], *, with_figures: bool) -> str:
    source = group[0].source
    marked = " (краткий пересказ)" if source.summary else ""
    pieces = [f"### {heading(source)}{marked}", *(_statement(s) for s in group)]
    if with_figures and not reading.doubted and (figures := list(_figures(reading.question, group))):
        pieces.append("Сроки и суммы, в пересказе:\n\n" + "\n".join(figures))
    return "\n\n".join(pieces)


def _statement(statement: Statement) -> str:
    block, mark, reference = statement.block, f"[{statement.source.n}]", _reference(statement)
    lead = with_reference(without_hyphen(block.lead), reference)
    if not block.items:
        return lead
    lines = [lead, "", *items_of(block)]
    if statement.left_out:
        lines += ["", f"*И ещё пунктов: {statement.left_out} — см. {cited(statement.source)}* {mark}"]
    if block.tail:
        lines += ["", with_reference(f"— {without_hyphen(block.tail)}", mark)]
    return "\n".join(lines)


def _reference(statement: Statement) -> str:
    block = statement.block
    return f"({cited(statement.source, block.number, note=block.note)}) [{statement.source.n}]"


def _figures(question: Question, group: Sequence[Statement]) -> Iterator[str]:
    """Sums and terms in plain words beside the very text they were written from; only what is not quoted above."""
    source = group[0].source
    entry = None if source.summary else load_guide().find(source.act, source.article)
    if entry is not None:
        said = numbers("\n".join(s.block.text for s in group))
        least = 0.0 if question.broad else FIGURE_REACH * max(reach(question, s.block.text) for s in group)
        found = (figure for figure in entry.figures_beside(source.text) if reach(question, figure) >= least)
        untold = [figure for figure in found if numbers(figure) - said]
        for figure in untold[:MOST_FIGURES]:
            yield f"- {with_reference(figure, f'({cited(source)}) [{source.n}]')}"


def _next(found: Sequence[Statement]) -> Iterator[str]:
    if found:
        lines = (f"- {with_reference(s.block.lead, _reference(s))}" for s in found)
        yield "\n".join(("### Что можно сделать", "", *lines))
