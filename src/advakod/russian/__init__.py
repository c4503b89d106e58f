"""Russian as search and law need it: tokens, lemmas, stems, sentences. Pure."""

from .analysis import ANALYSIS_VERSION, analyse
from .morphology import lemma, stem
from .sentences import sentence_spans, sentences
from .tokens import fold, tokens

__all__ = ["ANALYSIS_VERSION", "analyse", "fold", "lemma", "sentence_spans", "sentences", "stem", "tokens"]
