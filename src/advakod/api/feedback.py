"""What people say of answers: their own thumbs, and for an administrator all of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from ..answers.feedback import LONGEST_COMMENT, Feedback, Ground, Opinion, Rating, Totals
from .doors import require_admin
from .paging import After, mark, position
from .responses import Room, RunId, Who

router = APIRouter(prefix="/api/v1/responses", tags=["feedback"])
admin = APIRouter(prefix="/api/v1/feedback", tags=["operations"], dependencies=[Depends(require_admin)])


class GiveFeedback(BaseModel):
    """Оценка ответа; прежняя заменяется."""

    rating: Rating
    reason: Ground | None = None
    comment: str = Field("", max_length=LONGEST_COMMENT)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedbackList:
    """Оценки, последние сначала; итоги — по всем, а не по этой странице."""

    data: list[Opinion]
    next: str | None  # `after` of the next page
    totals: Totals


@router.put("/{response_id}/feedback", summary="Оценить ответ")
async def give(response_id: RunId, body: GiveFeedback, who: Who, answers: Room) -> Feedback:
    """Хранится вместе с ответом и стирается вместе с ним; пока ответ пишется, 409."""
    return await answers.feedback.give(who.name, response_id, body.rating, body.reason, body.comment)


@router.delete("/{response_id}/feedback", summary="Отозвать оценку", status_code=204)
async def withdraw(response_id: RunId, who: Who, answers: Room) -> None:
    """Если оценки не было, ничего не меняется."""
    await answers.feedback.withdraw(who.name, response_id)


@admin.get("", summary="Оценки ответов")
async def list_feedback(
    answers: Room,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
    after: After = None,
    rating: Annotated[Rating | None, Query(description="Только такие.")] = None,
) -> FeedbackList:
    """Всех ключей, с началом вопроса и ответа."""
    found, totals = await answers.feedback.listing(limit + 1, position(after), rating)
    last = found[limit - 1] if len(found) > limit else None
    return FeedbackList(
        data=found[:limit], next=mark(last.created_at, last.response_id) if last else None, totals=totals
    )
