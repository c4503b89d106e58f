"""The same law in every format that is read gives the same paragraphs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import docx
import pytest

from advakod.ingest.formats import Format
from advakod.ingest.reader import files_of, read
from advakod.law.parsing import parse


@pytest.mark.parametrize("encoding", ["utf-8", "cp1251", "utf-16"])
def test_html_in_any_charset(law: Callable[..., Path], encoding: str) -> None:
    path = law()
    lines = path.read_text(encoding="utf-8").splitlines()
    html = (
        "<html><head><title>x</title></head><body>" + "".join(f"<p>{line}</p>\n" for line in lines) + "</body></html>"
    )
    path.write_bytes(html.encode(encoding))
    source = read(path)
    assert source.format is Format.HTML
    assert len(parse(source.paragraphs).document.articles) == 2


def test_docx(law: Callable[..., Path], tmp_path: Path) -> None:
    written = docx.Document()
    for line in law().read_text(encoding="utf-8").splitlines():
        written.add_paragraph(line)
    heading = written.add_paragraph("Статья 2")
    heading.add_run("1").font.superscript = True
    heading.add_run(". Дополнительная статья")
    written.add_paragraph("Слова дополнительной статьи.")
    table = written.add_table(1, 2)
    table.cell(0, 0).text = "Левая ячейка."
    table.cell(0, 1).text = "Правая ячейка."
    path = tmp_path / "no-extension"
    written.save(str(path))
    source = read(path)
    document = parse(source.paragraphs).document
    assert source.format is Format.DOCX
    assert [a.number for a in document.articles] == ["1", "2", "2.1"]
    texts = [p.text for p in document.provisions]
    assert texts.count("Левая ячейка.") == texts.count("Правая ячейка.") == 1


def test_format_is_told_by_content(law: Callable[..., Path]) -> None:
    assert read(law("law.pdf")).format is Format.TXT


def test_a_folder_is_walked_in_sorted_order(law: Callable[..., Path], tmp_path: Path) -> None:
    for name in ("b/2.txt", "b/.hidden", "a/3.txt", "1.txt"):
        law(f"laws/{name}")
    found = [str(p.relative_to(tmp_path / "laws")) for p in files_of([tmp_path / "laws"])]
    assert found == ["1.txt", "a/3.txt", "b/2.txt"]
