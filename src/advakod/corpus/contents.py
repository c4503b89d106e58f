"""Tables of contents, and what stands beside an article. No texts are loaded: a code has 1,700 articles."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, func, or_, select

from ..law.model import Kind
from ..storage import schema as s
from .assembly import CONTAINERS, WORDS_SHOWN, line_title
from .model import ContentsLine, Edition, Neighbour
from .places import place_of

_Line = Row[int, str, str, str, str, int, bool, str]
_KINDS = {kind.value: kind for kind in Kind}  # a look-up takes a fifth of the time of `Kind(…)`
_c = s.provision.c
_CONTAINERS = [kind.value for kind in CONTAINERS]
_is_container = _c.kind.in_(_CONTAINERS)


def contents(connection: Connection, edition: Edition) -> list[ContentsLine]:
    """Chapters, articles and the like in reading order, repealed ones included."""
    rows = connection.execute(_lines(edition, or_(_is_container, _is_unit(edition))).order_by(_c.ordinal))
    return list(_levelled(edition, rows))


def neighbours(
    connection: Connection, editions: Sequence[Edition], at: Edition, ordinal: int
) -> tuple[Neighbour | None, Neighbour | None]:
    """What stands before and after the unit of `at` with this ordinal, over all `editions`: an act's, part by part."""
    number = editions.index(at)
    before = (_nearest(connection, e, ordinal if e == at else None, back=True) for e in editions[number::-1])
    after = (_nearest(connection, e, ordinal if e == at else None, back=False) for e in editions[number:])
    return next(filter(None, before), None), next(filter(None, after), None)


def _nearest(connection: Connection, edition: Edition, ordinal: int | None, *, back: bool) -> Neighbour | None:
    """The unit next to an ordinal; with None the last of the edition (`back`) or the first."""
    is_read = or_(and_(_is_container, _c.text != ""), and_(~_is_container, _is_unit(edition)))
    query = _lines(edition, is_read).order_by(_c.ordinal.desc() if back else _c.ordinal).limit(1)
    if ordinal is not None:
        query = query.where(_c.ordinal < ordinal if back else _c.ordinal > ordinal)
    row = connection.execute(query).first()
    if row is None:
        return None
    title = line_title(_KINDS[row.kind], row.number, row.heading, row.words)
    return Neighbour(place_of(edition, row.address, row.number), title)


def _is_unit(edition: Edition) -> ColumnElement[bool]:
    """What a reader opens as a whole stands at the top or right in a container; so may a container itself."""
    above = s.provision.alias("above").c
    containers = select(above.ordinal).where(above.edition_id == edition.id, above.kind.in_(_CONTAINERS))
    return or_(_c.parent < 0, _c.parent.in_(containers))


def _lines(edition: Edition, which: ColumnElement[bool]) -> Select[int, str, str, str, str, int, bool, str]:
    words = func.substr(_c.text, 1, WORDS_SHOWN + 2).label("words")  # enough to see that there is more
    query = select(_c.ordinal, _c.address, _c.kind, _c.number, _c.heading, _c.parent, _c.repealed, words)
    return query.where(_c.edition_id == edition.id, which)


def _levelled(edition: Edition, rows: Iterable[_Line]) -> Iterator[ContentsLine]:
    levels = {-1: -1}
    for ordinal, address, kind_, number, heading, parent, repealed, words in rows:
        levels[ordinal] = level = levels[parent] + 1
        kind = _KINDS[kind_]
        place = place_of(edition, address, number) if kind not in CONTAINERS or words else None
        title = line_title(kind, number, heading, words)
        yield ContentsLine(address, kind, number, title, level, repealed, place)
