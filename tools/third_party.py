"""Write THIRD_PARTY.md: what is installed with the program, and under which licences.

Read from the installed packages' own metadata, for the reference platform, and from the lock file of
the page's packages. Refuses a licence that
would bind those who ship the program: GPL, AGPL, LGPL without another choice. `--check` writes
nothing and fails when the file is out of date.
"""

from __future__ import annotations

import json
import re
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "THIRD_PARTY.md"
REFERENCE = (sys.platform, sys.version_info[:2]) == ("linux", (3, 11))  # elsewhere a few packages differ

# What a package carries inside it beyond its own licence.
CARRIED = {
    "lxml": "libxml2, libxslt (MIT)",
    "pymorphy3-dicts-ru": "словарь OpenCorpora: данные под CC BY-SA 3.0",
    "pypdfium2": "PDFium (BSD-3-Clause, Apache-2.0) и библиотеки в нём: FreeType (FTL), libjpeg-turbo (IJG, BSD), "
    "OpenJPEG (BSD-2-Clause), Little CMS (MIT), zlib (Zlib)",
    "tantivy": "Tantivy и библиотеки Rust, с которыми он собран (MIT, Apache-2.0, BSD, MPL-2.0)",
}

HEAD = """# Чужой код и его лицензии

Эти пакеты устанавливаются вместе с программой; в её исходниках их кода нет. Тексты лицензий лежат в
самих пакетах. Лист составлен из их метаданных: `tools/third_party.py`, проверяется в `make check`.

| пакет | версия | лицензия | внутри |
|---|---|---|---|
"""
OF_THE_PAGE = """
Из этих пакетов npm собирается страница; её файлы лежат в готовом пакете программы.

| пакет | версия | лицензия |
|---|---|---|
"""


@dataclass(frozen=True, slots=True)
class Package:
    """An installed package as the page shows it."""

    name: str
    version: str
    licence: str

    @property
    def row(self) -> str:
        return f"| {self.name} | {self.version} | {self.licence} | {CARRIED.get(self.name, '')} |"


def packages() -> Iterator[Package]:
    """Everything the program needs at run time, with its extras, in the order of names."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    lines = [*project["dependencies"], *(line for extra in project["optional-dependencies"].values() for line in extra)]
    for name, found in sorted(_closure([Requirement(line) for line in lines]).items()):
        yield Package(name, found.version, licence(found))


def _closure(todo: list[Requirement]) -> dict[str, Distribution]:
    found: dict[str, Distribution] = {}
    seen: set[tuple[str, str]] = set()
    while todo:
        requirement = todo.pop()
        name = canonicalize_name(requirement.name)
        for extra in {"", *requirement.extras} - {extra for known, extra in seen if known == name}:
            seen.add((name, extra))
            found[name] = distribution(name)
            todo.extend(_needed(found[name], extra))
    return found


def _needed(package: Distribution, extra: str) -> Iterator[Requirement]:
    for requirement in map(Requirement, package.requires or []):
        if requirement.marker is None or requirement.marker.evaluate({"extra": extra}):
            yield requirement


def page_packages() -> Iterator[Package]:
    """Everything that the page is built from, what only its builders and testers need left out."""
    lock = json.loads((ROOT / "web" / "package-lock.json").read_text("utf-8"))
    for path, facts in sorted(lock["packages"].items()):
        if path and not facts.get("dev") and not facts.get("optional"):
            yield Package(path.rpartition("node_modules/")[2], facts["version"], facts.get("license", ""))


def licence(package: Distribution) -> str:
    """The licence as the package states it: expression, else field, else classifiers."""
    metadata = package.metadata
    stated = [*metadata.get_all("License-Expression", []), *metadata.get_all("License", [])]
    if short := [line for line in stated if line and "\n" not in line and len(line) <= 80]:
        return str(short[0])
    named = [line.rsplit(" :: ", 1)[-1] for line in metadata.get_all("Classifier", []) if line.startswith("License")]
    return " OR ".join(named)


def forbidden(licence: str) -> bool:
    """Nothing but GPL, AGPL or LGPL to choose from, or nothing stated."""
    demands = [part for part in re.split(r"\bAND\b|,", licence) if part.strip()]
    return not demands or any(all(_copyleft(choice) for choice in re.split(r"\bOR\b", part)) for part in demands)


def _copyleft(choice: str) -> bool:
    return bool(re.search(r"\b[AL]?GPL|GNU", choice))


def main() -> int:
    """Write or check the page; 1 when a licence is forbidden or the page is out of date."""
    found, in_page = list(packages()), list(page_packages())
    bad = [package for package in found + in_page if forbidden(package.licence)]
    for package in bad:
        print(f"THIRD_PARTY.md: {package.name}: «{package.licence}» cannot be shipped", file=sys.stderr)
    if bad:
        return 1
    rows = [f"| {package.name} | {package.version} | {package.licence} |" for package in in_page]
    page = "\n".join([HEAD + "\n".join(package.row for package in found), OF_THE_PAGE + "\n".join(rows), ""])
    if "--check" not in sys.argv:
        PAGE.write_text(page, "utf-8")
    elif REFERENCE and PAGE.read_text("utf-8") != page:
        print("THIRD_PARTY.md is out of date: run tools/third_party.py", file=sys.stderr)
        return 1
    print(f"THIRD_PARTY.md: {len(found) + len(in_page)} packages")
    return 0


if __name__ == "__main__":
    sys.exit(main())
