"""The law as a reader opens it: what is loaded, tables of contents, articles, search inside an act."""

from __future__ import annotations

import asyncio
import datetime as dt
import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Annotated

import orjson
from fastapi import APIRouter, Depends, Path, Query, Response
from sqlalchemy import Connection
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import Receive, Scope, Send

from ..answers import Answers
from ..corpus import reader
from ..corpus.concordance import Concordance, Concordances, Unit, excerpt, units
from ..corpus.contents import contents
from ..corpus.errors import ActNotLoadedError, NoSuchProvisionError
from ..corpus.model import Act, ContentsLine, Edition, Reading
from ..corpus.queries import acts, article_texts
from ..law.guide import Entry, load_guide
from ..law.numbers import normalise, sort_key
from ..russian import tokens
from ..search.query import STOP_WORDS
from ..storage import Database
from . import law_facts as facts
from .doors import principal
from .responses import Room

router = APIRouter(prefix="/api/v1/law", tags=["law"], dependencies=[Depends(principal)])

ActId = Annotated[str, Path(min_length=1, max_length=120, description="Краткое имя акта: zozpp, gk, tk.")]
Place = Annotated[
    str, Path(max_length=200, description="Номер статьи или пункта («18», «312.1») или адрес («pre», «st18/p1»).")
]
On = Annotated[dt.date | None, Query(description="На какую дату нужен текст; без неё — последняя редакция.")]
Words = Annotated[str, Query(min_length=1, max_length=200, description="Слова или номер статьи.")]

_UNIT = re.compile(r"^(?:ст(?:ать[яеию]|\.)?|п(?:ункт|\.)?)\s*(?=\d)", re.IGNORECASE)
MOST_WORDS = 12  # of a search; each is held against every word of the act that begins with its letter
_concordances = Concordances()
# Pure work, a second for the worst question: in threads of its own it keeps nothing that answers stand on waiting,
# neither the readers of the database nor the threads that look for provisions.
_searchers = ThreadPoolExecutor(2, "law-search")


class _Packed(Response):
    """JSON that goes as gzip to whoever takes it: 447 KB of contents, ГК's, become 62 in 5 ms, in a thread."""

    media_type = "application/json"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # Level 4: the highest one, usual here, takes five times as long for a tenth less.
        await GZipMiddleware(super().__call__, compresslevel=4)(scope, receive, send)


@router.get("", summary="Загруженные акты")
async def law(answers: Room) -> facts.LawReply:
    """Акты с документами и редакциями; отдельно — акты, статьи которых пересказаны в путеводителе."""
    oldest = _oldest(answers)
    loaded = [facts.loaded_act(act, oldest) for act in await answers.database.read(acts)]
    return facts.LawReply(acts=loaded, guide=facts.guide_facts(load_guide().entries))


@router.get("/{act}", summary="Акт и его оглавление", response_model=facts.ActReply)
async def open_act(act: ActId, answers: Room, on: On = None) -> Response:
    """Главы и статьи в порядке чтения, без текстов."""
    # Past the framework: it would spend as long on the 1,900 lines of ГК as the database does.
    return _Packed(orjson.dumps(await _opened(answers, act.lower(), on)))


@router.get("/{act}/search", summary="Поиск внутри акта")
async def search(
    act: ActId, answers: Room, q: Words, on: On = None, limit: Annotated[int, Query(ge=1, le=100)] = 20
) -> facts.HitsReply:
    """Слова в любой форме: сначала точная фраза, затем статьи, где слов больше. Номер находит саму статью."""
    look = partial(_search, answers.database, act.lower(), q, on, limit)
    return await asyncio.get_running_loop().run_in_executor(_searchers, look)


@router.get("/{act}/{place:path}", summary="Статья, пункт или преамбула")
async def open_place(act: ActId, place: Place, answers: Room, on: On = None) -> facts.ArticleReply:
    """Статья целиком, которую называет номер или в которой стоит адрес, и её соседи."""
    act = act.lower()
    try:
        found, reading = await answers.database.read(partial(_read, act=act, place=place, on=on))
    except (ActNotLoadedError, NoSuchProvisionError) as error:
        # Of an act that is loaded, the guide knows neither a day nor parts of articles.
        told = isinstance(error, ActNotLoadedError) or (on is None and "/" not in place)
        summary = _summary(act, place) if told else None
        if summary is None:
            raise
        return facts.guide_article(summary, _entries(act))
    entry = None if reading.text.repealed else load_guide().find(act, reading.place)
    return facts.article_reply(found, reading, entry, _oldest(answers))


async def _opened(answers: Answers, act: str, on: dt.date | None) -> facts.ActReply:
    try:
        found, opened = await answers.database.read(partial(_contents, act=act, on=on))
    except ActNotLoadedError:
        if not (entries := _entries(act)):
            raise
        return facts.guide_act(act, entries)
    return facts.act_reply(found, opened, _oldest(answers))


def _contents(
    connection: Connection, act: str, on: dt.date | None
) -> tuple[Act, list[tuple[Edition, list[ContentsLine]]]]:
    editions = reader.editions_on(connection, act, on)
    return reader.act(connection, act), [(edition, contents(connection, edition)) for edition in editions]


def _read(connection: Connection, act: str, place: str, on: dt.date | None) -> tuple[Act, Reading]:
    reading = reader.read(connection, act, place, on)
    return reader.act(connection, act), reading


def _search(database: Database, act: str, q: str, on: dt.date | None, limit: int) -> facts.HitsReply:
    return _look_up(_books(database, act, on), q, limit)


def _books(database: Database, act: str, on: dt.date | None) -> list[Concordance]:
    """What is searched: a concordance for each part of the act, in their order."""
    try:
        with database.reading() as connection:
            return _open_books(connection, act, on)
    except ActNotLoadedError:
        if not (entries := _entries(act)):
            raise
        return [Concordance(facts.guide_units(entries))]


def _open_books(connection: Connection, act: str, on: dt.date | None) -> list[Concordance]:
    def texts(edition: Edition) -> list[Unit]:
        return list(units(edition, article_texts(connection, edition)))

    return [_concordances.of(e, partial(texts, e)) for e in reader.editions_on(connection, act, on)]


def _look_up(books: Sequence[Concordance], q: str, limit: int) -> facts.HitsReply:
    number = normalise(_UNIT.sub("", q.strip(), count=1)) or ""
    named = [unit for book in books if number and (unit := book.at(number))]
    words = [number] if named else _meaningful(q)
    matches = [match for book in books for match in book.find(words, q)]
    found = sorted((match for match in matches if match.unit not in named), key=lambda match: match.rank)
    shown = [*named, *(match.unit for match in found)]
    return facts.HitsReply(hits=[_hit(unit, words) for unit in shown[:limit]], total=len(shown))


def _hit(unit: Unit, words: Sequence[str]) -> facts.HitFacts:
    return facts.HitFacts(place=unit.place, title=unit.title, excerpt=excerpt(unit.text, words), path=list(unit.path))


def _meaningful(q: str) -> list[str]:
    """The words that tell something, all of them where none does; the first MOST_WORDS different ones."""
    written = list(dict.fromkeys(tokens(q)))
    told = [word for word in written if word not in STOP_WORDS and (len(word) > 1 or word.isdigit())]
    return (told or written)[:MOST_WORDS]


def _entries(act: str) -> list[Entry]:
    """What the guide says of an act, in the order of its articles."""
    return sorted((e for e in load_guide().entries if e.act == act), key=lambda e: sort_key(e.article))


def _summary(act: str, place: str) -> Entry | None:
    """The guide's entry for «18» and for whatever stands in the article: «st18/p1»."""
    article = place.strip("/").lower().partition("/")[0].removeprefix("st")
    return load_guide().find(act, normalise(article) or "")


def _oldest(answers: Answers) -> dt.date:
    return dt.date.today() - dt.timedelta(answers.settings.edition_warn_days)  # noqa: DTZ011 - a day
