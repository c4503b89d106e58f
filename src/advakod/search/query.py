"""What a question asks the index. Query syntax does not exist here: only words and numbers count."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property

from tantivy import Occur, Query, Schema

from ..law.acts import KNOWN
from ..law.citations import Reference, find_references
from ..law.mentions import Mention, find_mentions
from ..law.unknown import Stranger, find_strangers
from ..russian import tokens
from ..russian.morphology import terms
from .fields import BODY, HEADING, PLACE

# Tuned on the development questions with benchmarks/search; the guide had 1,100 questions and summaries then.
WEIGHTS = {HEADING: 1.2, BODY: 1.0, PLACE: 0.5}
TIE_BREAKER = 0.3  # what a word adds by the fields other than its best
NAMED_ACT = 6.0  # added to every passage of an act that the question names; a good word is worth about as much

# Distinct words that are looked up. A longer question is a letter: its first thoughts are its subject,
# and the time of a search stays bounded.
MOST_WORDS = 64
LONGEST_READ = 20_000  # characters

STOP_WORDS = frozenset(
    "а без бы был была были было быть в вам вас ведь во вот все всего всем всех всю вы где да для до его ее ей ему "
    "если есть еще же за здесь и из или им их к как какая какие какими каким каких какого какое какой какую ко когда "
    "кого кому которая которого которое которой котором которую которые который которых кто куда ли либо лишь мне "
    "мной мог могла могли могу может можно мои моего моей моем моему мой мою моя мы на над надо нам нас наш наша не "
    "него нее ней нет ни ним них но ну о об обо один он она они оно от отчего очень по под пожалуйста почему при про "
    "раз разве с сам сама сами само самому свое своего своей своем своему свои своих свой свою себе себя сейчас со "
    "так такая также такие такого такое такой там те тебе тебя тем теперь то тогда того тоже той только том тому тот "
    "ту ты у уж уже хочу чего чем через что чтобы чье чья эта эти этим этих это этого этой этом этому этот эту я "
    "здравствуйте спасибо скажите подскажите расскажи расскажите подробно объясни объясните помогите".split()
)
# Words that only ask what a named text says.
_ASKING = frozenset(
    "говорит говорится гласит сказано написано содержит содержание содержится текст полный покажи покажите показать "
    "найди найдите найти приведи приведите процитируй процитируйте открой прочитай прочти пункт часть закон закона "
    "законе фз федеральный федерального рф".split()
)


@dataclass(frozen=True)
class Question:
    """A question taken apart."""

    references: Sequence[Reference]
    mentions: Sequence[Mention]
    text: str  # as it was asked, names of acts and articles left out
    words: tuple[str, ...]  # distinct, stop words and what names acts and articles left out
    whole: str | None = None  # the act that is asked about as a whole: its weightiest articles come first
    only_names: bool = False  # it names articles or acts and says nothing else
    strangers: Sequence[Stranger] = ()  # acts named that the registry does not know

    @cached_property
    def named(self) -> frozenset[str]:
        """Acts named beyond doubt."""
        bound = (r.act for r in self.references if r.act)
        return frozenset((*bound, *(m.act for m in self.mentions if m.sure)))

    @cached_property
    def acts(self) -> frozenset[str]:
        """Acts that come forward."""
        return self.named | {self.whole} if self.whole else self.named


def read(text: str) -> Question:
    """Take a question apart. Any text will do."""
    text = text[:LONGEST_READ]
    mentions = find_mentions(text)
    references = find_references(text, mentions)
    strangers = find_strangers(text, mentions)
    named = [(r.start, r.end) for r in references] + [(m.start, m.end) for m in mentions if m.sure]
    named += [(s.start, s.end) for s in strangers if s.number]
    named += [(min(r.start, s.start), max(r.end, s.end)) for r in references if (s := r.stranger)]
    words = _meaningful(_without(text, named))
    rest = _meaningful(_without(text, [*named, *((s.start, s.end) for s in strangers)]))
    only_names = bool(named or strangers) and _ASKING.issuperset(rest)
    if not words and not any(reference.act or reference.stranger for reference in references):
        words = _meaningful(text)  # «Трудовой кодекс», «статья 81»: the names are all there is
    return Question(references, mentions, _without(text, named), words, _whole_act(words), only_names, strangers)


def _whole_act(words: Sequence[str]) -> str | None:
    """The one act whose title says all that is asked: «права потребителя», «исполнительное производство»."""
    asked = [set(terms(word)) for word in words]
    acts = [act for act, title in _titles().items() if all(title & word for word in asked)]
    return acts[0] if len(words) > 1 and len(acts) == 1 else None


@cache
def _titles() -> dict[str, set[str]]:
    laws = (act for act in KNOWN if act.title.startswith("О"))  # a code's title names a branch of law, not a subject
    return {act.id: {term for word in _meaningful(act.title) for term in terms(word)} for act in laws}


def _without(text: str, spans: Iterable[tuple[int, int]]) -> str:
    rest, position = [], 0
    for start, end in sorted(spans):
        rest.append(text[position:start])
        position = max(position, end)
    return " ".join((*rest, text[position:]))


def _meaningful(text: str) -> tuple[str, ...]:
    found = dict.fromkeys(word for word in tokens(text) if word not in STOP_WORDS and (len(word) > 1 or word.isdigit()))
    return tuple(found)[:MOST_WORDS]


def in_texts(schema: Schema, question: Question) -> Query:
    """Passages with any of the words, wherever they stand; passages of a named act come forward."""
    scored = [_word(schema, word) for word in question.words]
    named = (Query.const_score_query(_term(schema, "act", act), NAMED_ACT) for act in question.acts)
    return Query.boolean_query([(Occur.Should, query) for query in (*scored, *named)])


def _word(schema: Schema, word: str) -> Query:
    """A word counts once: by its lemma or by its own stem, whichever tells more."""
    forms = [_everywhere(schema, term) for term in terms(word)]
    return forms[0] if len(forms) == 1 else Query.disjunction_max_query(forms)


def _everywhere(schema: Schema, term: str) -> Query:
    fields = [Query.boost_query(_term(schema, name, term), weight) for name, weight in WEIGHTS.items()]
    return Query.disjunction_max_query(fields, TIE_BREAKER)


def by_reference(schema: Schema, act: str, article: str) -> Query:
    return Query.const_score_query(_term(schema, "ref", f"{act}/{article}"), 1.0)


def without_editions(schema: Schema, query: Query, editions: Sequence[int]) -> Query:
    """Leave out what is not the law in force (or not on the date)."""
    if not editions:
        return query
    excluded = Query.term_set_query(schema, "edition", list(editions))
    return Query.boolean_query([(Occur.Must, query), (Occur.MustNot, excluded)])


def by_heads(schema: Schema, articles: Sequence[int]) -> Query:
    """The documents that store the articles."""
    return Query.const_score_query(Query.term_set_query(schema, "head", list(articles)), 1.0)


def _term(schema: Schema, name: str, term: str) -> Query:
    return Query.term_query(schema, name, term, "basic" if name in {"act", "ref"} else "freq")
