"""A run as of now, for a page that opens in the middle of it; then it follows the events from `last_seq`."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from ..answers import Status
from ..answers.feedback import Ground, Rating
from .responses import Room, RunId, Who

router = APIRouter(prefix="/api/v1/responses", tags=["responses"])

Seconds = Field(description="Секунды от начала эпохи, по часам сервера.")


class SourceFacts(BaseModel):
    """Найденная норма."""

    n: int = Field(description="Номер, под которым на неё ссылается текст: [n].")
    act: str
    act_title: str
    article: str
    title: str
    address: str
    edition_date: str = Field(description="Дата редакции; пусто, если неизвестна.")
    score: float
    summary: bool = Field(description="Пересказ из справочника, а не текст закона.")
    excerpt: str


class CitationFacts(BaseModel):
    """Ссылка в тексте и что показала её проверка."""

    act: str | None
    article: str | None
    address: str | None
    verdict: str
    text: str
    start: int = Field(description="Место в тексте, в знаках Юникода.")
    end: int
    source: int | None = Field(description="Номер нормы в списке найденных.")
    title: str
    edition_date: str


class NoticeFacts(BaseModel):
    """Что читателю следует знать."""

    code: str
    message: str


class StageFacts(BaseModel):
    """Что делается сейчас. Поля, которых у этапа нет, не передаются."""

    stage: Literal["queued", "loading", "searching", "reading", "thinking", "writing", "checking"]
    position: int | None = Field(None, description="Место в очереди.")
    expected_wait: float | None = Field(None, description="Секунд до начала; null — неизвестно.")
    done: int | None = Field(None, description="Токенов прочитано.")
    total: int | None = Field(None, description="Токенов всего.")
    seconds_left: float | None = Field(None, description="Секунд чтения осталось; null — неизвестно.")
    expected_first_word: float | None = Field(None, description="От начала работы до первого слова; null — неизвестно.")


class PlanFacts(BaseModel):
    """Чего ждать: по скорости модели, а где она неизвестна, по ответам, которые были недавно. null — неизвестно."""

    expected_seconds: float | None = Field(description="От начала работы до конца; null — неизвестно.")
    expected_tokens: int | None
    budget: float = Field(description="Секунд на ответ, не больше.")
    max_tokens: int
    expected_first_word: float | None = Field(None, description="От начала работы до первого слова.")
    prompt_tokens: int | None = Field(None, description="Токенов модели в запросе к ней.")
    cached_tokens: int | None = Field(None, description="Из них читать не нужно: прочитаны раньше.")
    answer_tokens: int | None = Field(None, description="Токенов на ответ, не больше.")
    provisions: int | None = Field(None, description="Норм, которые ей даны.")


class FeedbackFacts(BaseModel):
    """Оценка, которую дал спросивший."""

    rating: Rating
    reason: Ground | None
    comment: str
    created_at: float = Seconds


class RunSnapshot(BaseModel):
    """Ответ, каким его делают события до `last_seq` включительно."""

    id: str
    status: Status
    reason: str | None = Field(description="Почему не завершён: код.")
    message: str | None = Field(description="То же словами.")
    question: str
    conversation: str | None
    continues: str | None = Field(description="Неоконченный ответ, который этот продолжает.")
    text: str
    sources: list[SourceFacts]
    summary: bool = Field(description="Опирается только на пересказы из справочника.")
    citations: list[CitationFacts] | None = Field(description="null — ещё не проверены.")
    notices: list[NoticeFacts]
    stage: StageFacts | None
    plan: PlanFacts | None
    created_at: float = Seconds
    started_at: float | None = Seconds
    first_text_at: float | None = Seconds
    finished_at: float | None = Seconds
    now: float = Field(description="Часы сервера в момент ответа.")
    input_tokens: int
    output_tokens: int
    can_continue: bool
    last_seq: int = Field(description="Номер последнего учтённого события: читать дальше с starting_after=last_seq.")
    feedback: FeedbackFacts | None


@router.get("/{response_id}", summary="Ответ как он есть сейчас", response_model_exclude_unset=True)
async def snapshot(response_id: RunId, who: Who, answers: Room) -> RunSnapshot:
    """Всё, что уже известно: текст, источники, этап. Поток после `last_seq` продолжает ровно с этого места."""
    return RunSnapshot.model_validate(await answers.snapshot(who.name, response_id))
