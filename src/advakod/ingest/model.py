"""What an ingest is told, and what it tells."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from ..errors import InputError
from ..law import acts
from ..law.model import ActIdentity, ActStatus

_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,99}")  # it becomes part of addresses and links


class Status(StrEnum):
    """What became of a file."""

    ADDED = "added"  # a new edition, or with `replace` another text of a stored one
    UPDATED = "updated"  # the same text with other dates of force
    UNCHANGED = "unchanged"
    FAILED = "failed"  # nothing was changed


class Stage(StrEnum):
    """What is being done to a file."""

    READING = "reading"
    STORING = "storing"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class IngestOptions:
    """What stands above what a document says of itself; empty fields leave it to the document."""

    act: str = ""  # id of a known act, or an id to give
    type: str = ""
    title: str = ""
    number: str = ""
    date: dt.date | None = None
    part: int = 0
    edition_date: dt.date | None = None
    in_force_from: dt.date | None = None
    in_force_to: dt.date | None = None
    status: ActStatus | None = None
    replace: bool = False  # store another text of an edition that is stored already, and parse known files anew

    def check(self, files: int) -> None:
        """Raise InputError for what cannot be true of this many files, or of any."""
        about_one = dataclasses.replace(self, status=None, replace=False) != IngestOptions()
        if about_one and files > 1:
            raise InputError(message="Параметры акта и редакции можно указать только для одного файла.")
        if self.act and not _ID.fullmatch(self.act):
            raise InputError(message="Имя акта (--act) — латинские буквы, цифры и дефис: tk, moy-zakon.")
        known = acts.by_id(self.act)
        if known is not None and self.part and known.document(self.part) is None:
            raise InputError(message=f"Части {self.part} нет: {known.title}. Проверьте параметр --part.")
        if self.in_force_from and self.in_force_to and self.in_force_from > self.in_force_to:
            raise InputError(message="Первый день действия (--in-force-from) позже последнего (--in-force-to).")

    def name(self, found: ActIdentity | None) -> ActIdentity | None:
        """The act: as given, completed by what the document says."""
        known = acts.by_id(self.act) if self.act else acts.identify(self.type, self.date, self.number)
        if isinstance(known, acts.KnownAct):
            same = found is not None and found.id == known.id
            part = self.part or (found.part if found and same else 0)
            known = known.identity(known.document(part))
        act = known or self._completed(found)
        return dataclasses.replace(act, status=self.status) if act and self.status else act

    def _completed(self, found: ActIdentity | None) -> ActIdentity | None:
        if not (self.act or self.title or self.number):
            return found
        type_ = self.type or (found.type if found else "")
        title = self.title or (found.title if found else "") or f"{type_} № {self.number}".strip()
        number, date = self.number or (found.number if found else ""), self.date or (found.date if found else None)
        known = acts.identify(type_, date, number)
        if known is not None and not self.act:
            return known
        return ActIdentity(self.act or acts.slug(type_, date, number, title), type_, title, number, date, self.part)


@dataclass(frozen=True, slots=True)
class FileOutcome:
    """What became of one file."""

    path: Path
    status: Status
    act: str = ""  # id
    title: str = ""
    address: str = ""  # ru/tk@2023-10-24
    edition_date: dt.date | None = None
    articles: int = 0
    provisions: int = 0
    warnings: tuple[str, ...] = ()
    code: str = ""  # of the failure
    message: str = ""  # what went wrong and what to do, in Russian
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an ingest is; `share` is of the current file's stage, 0 to 1."""

    path: Path
    index: int  # from 0
    total: int
    stage: Stage
    share: float = 0.0
    outcome: FileOutcome | None = None  # when the stage is DONE
