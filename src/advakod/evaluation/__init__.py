"""How good retrieval is: question sets, measures, a report."""

from .evaluate import evaluate
from .questions import Question, QuestionSetError, load_questions
from .report import HEADER, Outcome, Report

__all__ = ["HEADER", "Outcome", "Question", "QuestionSetError", "Report", "evaluate", "load_questions"]
