from __future__ import annotations

from advakod.answers.composing.blocks import blocks_of
from advakod.answers.composing.steps import is_step


def test_a_list_stays_with_its_lead_in() -> None:
    text = (
        "1. Потребитель вправе:\nпотребовать замены;\nотказаться от договора.\n"
        "При этом возмещаются убытки.\n2. Иное правило здесь."
    )
    first, second, third = blocks_of(text)
    assert (first.lead, first.items) == ("Потребитель вправе:", ("потребовать замены;", "отказаться от договора."))
    assert (first.number, second.number, third.number) == ("1", "1", "2")
    assert second.leans
    assert not first.leans


def test_a_sanction_on_a_line_of_its_own_belongs_to_its_offence() -> None:
    (block,) = blocks_of("1. Управление без номеров -\nвлечет наложение штрафа.")
    assert block.text == "Управление без номеров - влечет наложение штрафа."


def test_what_is_said_of_all_items_is_their_tail() -> None:
    (block,) = blocks_of("2. Кража, совершенная:\nа) группой лиц;\nб) с проникновением, -\nнаказывается штрафом.")
    assert (len(block.items), block.tail) == (2, "наказывается штрафом.")


def test_amendment_notes_and_repealed_parts_are_left_out() -> None:
    text = (
        "1. Продавец обязан принять товар. (в ред. Федерального закона от 21.12.2004 N 171-ФЗ)\n"
        "(п. 1 в ред. Федерального закона от 25.10.2007 N 234-ФЗ)\n"
        "4. Утратил силу. - Федеральный закон от 25.10.2007 N 234-ФЗ.\n"
        "Абзац исключен. - Федеральный закон от 17.12.1999 N 212-ФЗ.\n"
        "3"
    )
    assert [block.text for block in blocks_of(text)] == ["Продавец обязан принять товар."]


def test_a_note_has_numbers_of_its_own() -> None:
    *_, note = blocks_of(
        "1. Кража наказывается штрафом всегда.\nПримечания. 1. Под хищением понимается изъятие имущества."
    )
    assert (note.note, note.lead) == (True, "Под хищением понимается изъятие имущества.")


def test_steps_are_what_a_person_may_do() -> None:
    assert is_step("Потребитель вправе обратиться в суд.")
    assert is_step("Если продавец отказал, покупатель может потребовать возврата денег.")
    assert is_step("Иск может быть предъявлен по месту жительства истца.")
    assert not is_step("Если потребитель не явился, продавец вправе потребовать оплаты.")
    assert not is_step("Товар имеет гарантийный срок.")
