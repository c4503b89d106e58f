"""Write into the everyday guide the hashes of the texts that its entries were written from.

    python tools/stamp_guide.py FILE…            stamp every entry whose act is among the files
    python tools/stamp_guide.py --check FILE…    change nothing; exit 1 when an entry would change

An entry's figures are shown only beside a text with its hash, so stamp an entry after reading it
against the text. Only the values of `text_hash` change; the rest of a file stays as it was typed.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
import tomllib
from collections.abc import Iterable, Mapping
from itertools import pairwise
from pathlib import Path

from advakod.corpus.assembly import articles_of
from advakod.corpus.model import Edition
from advakod.ingest import reader
from advakod.law import guide, parsing
from advakod.law.model import Kind, ParsedDocument

GUIDE = Path(guide.__file__).parent

_ENTRY = re.compile(r"^\[\[entry\]\]\s*$", re.MULTILINE)
_ARTICLE = re.compile(r'^article = "([^"]+)"', re.MULTILINE)
_HASH = re.compile(r'^text_hash = "([^"]*)"', re.MULTILINE)


def main(arguments: list[str] | None = None, folder: Path = GUIDE) -> int:
    options = _options(arguments)
    hashes: dict[str, dict[str, str]] = {}
    for path in options.files:
        act, found = article_hashes(path)
        hashes.setdefault(act, {}).update(found)
    changed = [path for path in sorted(folder.glob("*.toml")) if _stamp(path, hashes, write=not options.check)]
    return 1 if options.check and changed else 0


def article_texts(path: Path) -> tuple[str, dict[str, str]]:
    """The act in a file and the text of each of its articles, exactly as search has it from the database."""
    document = parsing.parse(reader.read(path).paragraphs).document
    articles = articles_of(_edition(document), document.provisions)
    return document.act.id, {a.number: a.text for a in articles if a.kind is Kind.ARTICLE}


def article_hashes(path: Path) -> tuple[str, dict[str, str]]:
    """The same with the hash of each text."""
    act, texts = article_texts(path)
    return act, {number: guide.text_hash(text) for number, text in texts.items()}


def stamped(text: str, hashes: Mapping[str, str]) -> tuple[str, list[str]]:
    """The file's text with its hashes filled in, and the entries for which the act has no such article."""
    head, *entries = _split(text)
    missing: list[str] = []
    for number, entry in enumerate(entries):
        article = _ARTICLE.search(entry)
        if article is None or article[1] not in hashes:
            missing.append(article[1] if article else "?")
            continue
        entries[number] = _HASH.sub(f'text_hash = "{hashes[article[1]]}"', entry, count=1)
    return "".join((head, *entries)), missing


def _split(text: str) -> list[str]:
    starts = [0, *(match.start() for match in _ENTRY.finditer(text)), len(text)]
    return [text[a:b] for a, b in pairwise(starts)]


def _stamp(path: Path, hashes: Mapping[str, Mapping[str, str]], *, write: bool) -> bool:
    before = path.read_text("utf-8")
    act = tomllib.loads(before).get("act", {}).get("id")
    if act not in hashes:
        return False
    after, missing = stamped(before, hashes[act])
    for article in missing:
        print(f"{path.name}: статьи {article} нет в загруженном тексте", file=sys.stderr)
    changed = sum(a != b for a, b in zip(before.splitlines(), after.splitlines(), strict=True))
    print(f"{path.name}: {changed} изменено, {len(missing)} без текста")
    if write and changed:
        path.write_text(after, "utf-8")
    return bool(changed)


def _edition(document: ParsedDocument) -> Edition:
    """An edition that was never stored: its texts are put together by the same code."""
    act = document.act
    facts = (act.id, act.type, act.title, act.date, act.number, act.part, act.status, document.edition_date)
    return Edition(0, act.id, *facts, None, None, len(document.articles), "", "", time.time())


def _options(arguments: Iterable[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="official text of an act")
    parser.add_argument("--check", action="store_true", help="change nothing, exit 1 when an entry would change")
    return parser.parse_args(None if arguments is None else list(arguments))


if __name__ == "__main__":
    sys.exit(main())
