from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from advakod.answers.composing import compose
from advakod.answers.extractive import ExtractiveEngine
from advakod.engine.interface import Continuation, FinishReason, Piece, Source, WritingTask
from advakod.errors import EngineError
from tests.answers.acts import source

GOODS = (
    "1. Потребитель в случае обнаружения в товаре недостатков вправе:\n"
    "потребовать замены на товар этой же марки;\n"
    "потребовать соразмерного уменьшения покупной цены;\n"
    "отказаться от исполнения договора и потребовать возврата уплаченной за товар суммы.\n"
    "При этом потребитель вправе потребовать также полного возмещения убытков.\n"
    "2. Требования, указанные в пункте 1 настоящей статьи, предъявляются потребителем продавцу.\n"
    "4. Утратил силу. - Федеральный закон от 25.10.2007 N 234-ФЗ.\n"
    "5. Отсутствие чека не является основанием для отказа в удовлетворении требований потребителя. "
    "(в ред. Федерального закона от 21.12.2004 N 171-ФЗ)"
)
COURT = (
    "1. Защита прав потребителей осуществляется судом.\n"
    "2. Потребитель вправе обратиться в суд с иском о возврате суммы, уплаченной за товар, по месту своего жительства."
)
SOURCES = (
    source(1, "zozpp", "18", GOODS, title="Права потребителя при обнаружении в товаре недостатков"),
    source(2, "zozpp", "17", COURT, title="Судебная защита прав потребителей"),
    source(3, "gk", "10", "1. Не допускаются действия с намерением причинить вред.", title="Пределы"),
)
QUESTION = "Телефон сломался, магазин не хочет вернуть деньги. Что делать?"
TASK = WritingTask(QUESTION, sources=SOURCES, max_tokens=2_000)
TEXT = compose(QUESTION, SOURCES)


async def _write(task: WritingTask) -> list[Piece]:
    return [piece async for piece in ExtractiveEngine().write(task)]


def write(task: WritingTask) -> list[Piece]:
    return asyncio.run(_write(task))


def text_of(pieces: Sequence[Piece]) -> str:
    return "".join(piece.text for piece in pieces)


def statements(text: str) -> list[str]:
    """Paragraphs and lead-ins of lists: no headings, no remark about the answer itself, no items."""
    lines = [line for line in text.splitlines() if line and not line.startswith(("#", "*"))]
    return [line for line in lines if not re.match(r"\s*(?:-|\d+\)) ", line)]


def test_it_names_the_law_and_its_edition() -> None:
    assert "Закон РФ «О защите прав потребителей» в редакции от 04.08.2023: ст. 18 [1]" in TEXT


def test_it_says_what_bears_on_the_question() -> None:
    assert "вправе (п. 1 ст. 18 ЗоЗПП) [1]:" in TEXT
    assert "- отказаться от исполнения договора и потребовать возврата уплаченной за товар суммы." in TEXT
    assert "причинить вред" not in TEXT


def test_every_statement_is_cited() -> None:
    assert all(re.search(r"\[\d\]", line) for line in statements(TEXT))


def test_no_amendment_notes_and_nothing_repealed() -> None:
    assert "в ред." not in TEXT
    assert "Утратил" not in TEXT


def test_next_steps_come_from_the_law_alone() -> None:
    no_steps = compose(
        "Где судятся потребители?", [source(1, "zozpp", "17", "Защита прав потребителей осуществляется судом.")]
    )
    assert "Что можно сделать" not in no_steps
    said, _, steps = compose("Вернут ли деньги за товар без чека?", SOURCES).partition("### Что можно сделать")
    for line in filter(lambda line: line.startswith("- "), steps.splitlines()):
        assert line.removeprefix("- ").partition(" (")[0] not in said
        assert "[" in line


NOISE = source(1, "koap", "8.23", "Эксплуатация автомобилей с превышением уровня шума - влечет предупреждение.")


def test_what_has_few_of_the_words_is_offered_with_doubt() -> None:
    text = compose("Сосед шумит ночью", [NOISE])
    assert text.startswith("**Возможно, это не то")
    assert "### Что нашлось" in text
    assert "Что применяется" not in text
    assert "### Что применяется" in compose("Штраф за превышение уровня шума автомобилей", [NOISE])
    assert "### Что применяется" in compose("ст. 8.23 КоАП", [NOISE])
    belts = source(1, "koap", "12.6", "Управление водителем, не пристегнутым ремнем, - влечет наложение штрафа.")
    assert "### Что применяется" in compose("Какой штраф за непристегнутый ремень?", [belts])


def test_another_act_far_below_the_first_is_left_out() -> None:
    wills = replace(source(2, "gk", "1127", "Завещание в выходной день работник составляет сам."), score=5.0)
    days = source(1, "tk", "113", "Работа в выходной день запрещается, кроме случаев с согласия работника.")
    text = compose("Можно ли заставить работника работать в выходной день?", [days, wills])
    assert "ст. 113 ТК РФ" in text
    assert "1127" not in text


def test_articles_come_in_the_order_of_the_search() -> None:
    rule = source(1, "tk", "115", "Отпуск предоставляется работникам продолжительностью 28 календарных дней.")
    young = source(2, "tk", "267", "Отпуск работникам до 18 лет предоставляется на 31 календарный день: дней отпуска.")
    text = compose("Сколько дней отпуска положено?", [rule, young])
    assert [int(n) for n in re.findall(r"^[^#\n-].*\[(\d)\]", text, re.MULTILINE)] == [1, 2]


def test_the_paragraph_that_answers_stands_before_a_list_that_matches_less() -> None:
    grounds = "Трудовой договор может быть расторгнут работодателем в случаях:\n1) ликвидации;\n2) прогула."
    ban = "Не допускается увольнение работника в период его временной нетрудоспособности."
    text = compose("Могут ли меня уволить на больничном?", [source(1, "tk", "81", f"{grounds}\n{ban}")])
    assert 0 < text.index("Не допускается") < text.index("Трудовой договор")
    assert "\n1) ликвидации;\n2) прогула." in text


def test_the_main_rule_is_told_with_what_a_later_part_adds() -> None:
    theft = (
        "1. Кража наказывается штрафом.\n2. Кража, совершенная из жилища группой лиц, -\nнаказывается лишением свободы."
    )
    text = compose("Кража из жилища группой лиц", [source(1, "uk", "158", theft)])
    assert text.index("Кража наказывается штрафом") < text.index("группой лиц, — наказывается лишением")


def test_it_says_that_no_model_wrote_it() -> None:
    assert "без языковой модели" in TEXT.splitlines()[-1]
    assert "не консультация адвоката" in TEXT.splitlines()[-1]


def test_an_article_named_by_its_number_comes_first() -> None:
    first = next(
        line for line in compose("Что сказано в ст. 10 ГК РФ?", SOURCES).splitlines() if line.startswith("### Ст")
    )
    assert first == "### Статья 10 ГК РФ. Пределы"


@pytest.mark.parametrize("sources", [(), (source(1, "zozpp", "18", ""),)])
def test_without_provisions_it_says_so_and_cites_nothing(sources: tuple[Source, ...]) -> None:
    text = compose(QUESTION, sources)
    assert "не нашлось" in text.splitlines()[0]
    assert "advakod ingest" in text
    assert "[" not in text


def test_an_answer_from_summaries_says_so_in_its_first_line() -> None:
    summaries = [replace(s, summary=True, text=s.text.replace("\n", " ")) for s in SOURCES[:2]]
    first = compose(QUESTION, summaries).splitlines()[0]
    for needed in ("пересказ", "04.08.2023", "мог измениться", "advakod ingest", "docs/howto/load-law.md"):
        assert needed in first
    assert "пересказ" not in TEXT.splitlines()[0]


def test_long_lists_are_shortened_openly() -> None:
    items = "\n".join(
        f"{n}) обстоятельства номер {n}, которые подробно описаны в этом длинном пункте закона;" for n in range(1, 30)
    )
    text = compose(
        "Какие обстоятельства номер 17?", [source(1, "tk", "81", f"Договор расторгается в случаях:\n{items}")]
    )
    assert "\n- обстоятельства номер 17," in text  # Markdown would count 1, 2 where numbers have gaps
    assert "И ещё пунктов:" in text
    assert len(text) < 2_500


def test_the_engine_writes_the_composition() -> None:
    pieces = write(TASK)
    assert text_of(pieces) == TEXT
    assert len(pieces) > 10
    assert [p.finish for p in pieces if p.finish] == [FinishReason.STOP]
    assert pieces[-1].finish


@settings(max_examples=40, deadline=None)
@given(cut=st.integers(0, len(TEXT)))
def test_any_beginning_is_gone_on_with_exactly(cut: int) -> None:
    pieces = write(replace(TASK, prefix=TEXT[:cut]))
    assert TEXT[:cut] + text_of(pieces) == TEXT
    assert pieces[-1].finish is FinishReason.STOP


def test_others_get_a_turn_after_the_first_piece_and_often() -> None:
    async def turns() -> list[int]:
        pieces, seen, done = list[Piece](), list[int](), asyncio.Event()

        async def look() -> None:
            while not done.is_set():
                seen.append(len(pieces))
                await asyncio.sleep(0)

        looking = asyncio.create_task(look())
        async for piece in ExtractiveEngine().write(TASK):
            pieces.append(piece)
        done.set()
        await looking
        return seen

    seen = sorted(set(asyncio.run(turns())) - {0})
    assert seen[0] == 1
    assert len(seen) >= 4


def test_another_beginning_is_refused() -> None:
    with pytest.raises(EngineError) as raised:
        write(replace(TASK, prefix="Совсем другое"))
    assert raised.value.code == "engine_lost"


def test_the_longest_answer_is_respected_and_can_be_continued() -> None:
    pieces = write(replace(TASK, max_tokens=20))
    assert pieces[-1].finish is FinishReason.LENGTH
    assert sum(piece.tokens for piece in pieces) == 20
    assert text_of(pieces) + text_of(write(replace(TASK, prefix=text_of(pieces)))) == TEXT


def test_what_it_declares() -> None:
    info = asyncio.run(ExtractiveEngine().info())
    assert (info.name, info.continuation, info.uses_sources) == ("extractive", Continuation.EXACT, True)
    assert info.fingerprint


ODD = st.lists(
    st.sampled_from(
        ["вправе", "1.", "1)", "а)", ":", ";", "-", "\n", " ", "Потребитель", "(в ред. ", ")", "Примечание."]
    )
)


@settings(max_examples=100, deadline=None)
@given(question=st.text(max_size=80), odd=ODD.map(" ".join), text=st.text(max_size=200))
def test_no_question_and_no_text_makes_it_fail(question: str, odd: str, text: str) -> None:
    sources = [source(1, "zozpp", "18", odd), source(2, "nowhere", "", text)]
    assert compose(question, sources) == compose(question, sources)
