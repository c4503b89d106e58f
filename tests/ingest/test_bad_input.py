"""Files that cannot become law text: each has a code and a sentence that says what to do, and changes nothing."""

from __future__ import annotations

import datetime as dt
import os
import random
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import docx
import pytest
from sqlalchemy import func, select

from advakod.errors import InputError
from advakod.ingest import errors, ingest, markup, reader
from advakod.ingest.docx import check_size
from advakod.ingest.docx import read as read_docx
from advakod.ingest.model import IngestOptions, Status
from advakod.storage import schema
from advakod.storage.database import Database


def _bomb() -> bytes:
    file = BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        with archive.open("word/document.xml", "w") as member:
            for _ in range(300):
                member.write(b"\x00" * 2**20)
    return file.getvalue()


def _lying_bomb() -> bytes:
    """An archive whose directory says one byte and whose content is 50 MB."""
    data = _zip({"word/document.xml": b"\x00" * (50 * 2**20)})
    size = (50 * 2**20).to_bytes(4, "little")
    return data.replace(size, (1).to_bytes(4, "little"))


def _zip(members: dict[str, bytes]) -> bytes:
    file = BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def _word(body: str) -> bytes:
    """A DOCX with this body."""
    file = BytesIO()
    docx.Document().save(file)
    with zipfile.ZipFile(file) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    space = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    members["word/document.xml"] = f'<w:document xmlns:w="{space}"><w:body>{body}</w:body></w:document>'.encode()
    return _zip(members)


def _noise(seed: int, size: int = 20_000) -> bytes:
    return random.Random(seed).randbytes(size)


_RUSSIAN = "Статья 1. Права потребителя. Настоящий Закон регулирует отношения между людьми.\n" * 20

CASES: list[tuple[str, bytes, type[errors.DocumentError]]] = [
    ("empty.pdf", b"", errors.EmptyFileError),
    ("spaces.txt", b" \r\n\t \x00\x00", errors.EmptyFileError),
    ("noise.pdf", b"%PDF-1.7\n" + _noise(1), errors.BrokenFileError),
    ("noise.docx", b"PK\x03\x04" + _noise(2), errors.BrokenFileError),
    ("noise.txt", _noise(3), errors.UnknownFormatError),
    ("bomb.docx", _bomb(), errors.ArchiveBombError),
    ("lying.docx", _lying_bomb(), errors.BrokenFileError),
    ("broken.docx", _zip({"word/document.xml": b"<w:document"}), errors.BrokenFileError),
    ("archive.docx", _zip({"readme.txt": b"text"}), errors.UnknownFormatError),
    ("letter.odt", _zip({"mimetype": b"application/vnd.oasis.opendocument.text"}), errors.UnsupportedFormatError),
    ("picture.txt", b"\x89PNG\r\n\x1a\n" + _noise(4), errors.UnknownFormatError),
    ("old.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + _noise(5), errors.UnsupportedFormatError),
    ("rich.txt", b"{\\rtf1\\ansi text}", errors.UnsupportedFormatError),
    ("mojibake.txt", _RUSSIAN.encode("utf-8").decode("cp1251", "replace").encode("utf-8"), errors.UnreadableTextError),
    ("english.html", b"<html><body><p>" + b"Article 1. Consumers have rights. " * 30, errors.UnreadableTextError),
    ("bytes.pdf", _noise(6), errors.UnknownFormatError),
    ("deep.html", b"<html><body>" + b"<font>" * 3_000 + _RUSSIAN.encode(), errors.NestedTooDeepError),
    ("deep.docx", _word("<w:tbl><w:tr><w:tc>" * 400 + "</w:tc></w:tr></w:tbl>" * 400), errors.BrokenFileError),
    ("letter.txt", ("Уважаемый покупатель, благодарим вас за обращение.\n" * 20).encode(), errors.NotAnActError),
    ("nameless.txt", _RUSSIAN.replace("Статья 1. ", "Статья 1. А", 1).encode(), errors.UnknownActError),
]


@pytest.mark.parametrize(("name", "content", "error"), CASES, ids=[name for name, *_ in CASES])
def test_bad_files_are_refused_with_a_code(
    database: Database, tmp_path: Path, name: str, content: bytes, error: type[errors.DocumentError]
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    [outcome] = ingest(database, [path])
    assert (outcome.status, outcome.code) == (Status.FAILED, error.code)
    assert outcome.message.endswith(".")
    assert "{" not in outcome.message
    assert _rows(database) == 0


@pytest.mark.parametrize(
    ("content", "word"),
    [
        ("# Readme\n\nAn assistant for Russian law — «ст. 81 ТК». Install it, then ask it questions.\n", "не русский"),
        (_RUSSIAN.encode("cp1251").decode("latin-1"), "кодировка"),
    ],
)
def test_another_language_is_told_from_a_wrong_encoding(
    database: Database, tmp_path: Path, content: str, word: str
) -> None:
    path = tmp_path / "README.md"
    path.write_text(content, "utf-8")
    [outcome] = ingest(database, [path])
    assert outcome.code == "unreadable_text"
    assert word in outcome.message


@pytest.mark.parametrize("name", ["289-11.pdf", "0001202203030006.pdf"])
def test_a_scan_is_told_from_a_text(database: Database, corpus_dir: Path, name: str) -> None:
    [outcome] = ingest(database, [corpus_dir / "scans" / name])
    assert outcome.code == "no_text_layer"
    assert "скан" in outcome.message


@pytest.mark.parametrize("name", ["yulya2_dogovor.doc", "blansh_akt.rtf"])
def test_old_formats_say_what_to_do(database: Database, corpus_dir: Path, name: str) -> None:
    [outcome] = ingest(database, [corpus_dir / "documents" / name])
    assert outcome.code == "unsupported_format"
    assert "DOCX" in outcome.message


def test_a_huge_file_is_refused_before_it_is_read(database: Database, tmp_path: Path) -> None:
    path = tmp_path / "huge.txt"
    with path.open("wb") as file:
        file.truncate(200 * 2**20)  # sparse: takes no room
    [outcome] = ingest(database, [path])
    assert outcome.code == "file_too_large"
    assert "200 МБ" in outcome.message
    assert outcome.seconds < 1


def test_a_missing_file(database: Database, tmp_path: Path) -> None:
    [outcome] = ingest(database, [tmp_path / "нет.txt"])
    assert outcome.code == "no_such_file"


def test_a_folder_without_files(database: Database, law: Callable[..., Path], tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / ".hidden").write_text("x")
    folder, file = ingest(database, [tmp_path / "empty", law()])
    assert folder.code == "no_readable_files"
    assert file.status is Status.ADDED


def test_options_about_one_document_are_for_one_file(database: Database, law: Callable[..., Path]) -> None:
    with pytest.raises(InputError):
        ingest(database, [law("a.txt"), law("b.txt")], IngestOptions(act="tk"))


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (IngestOptions(act="../tk"), "--act"),
        (IngestOptions(act="gk", part=9), "--part"),
        (IngestOptions(in_force_from=dt.date(2024, 1, 1), in_force_to=dt.date(2020, 1, 1)), "--in-force-from"),
    ],
)
def test_options_that_cannot_be_true(
    database: Database, law: Callable[..., Path], options: IngestOptions, word: str
) -> None:
    with pytest.raises(InputError) as caught:
        ingest(database, [law()], options)
    assert word in caught.value.message
    assert _rows(database) == 0


def test_a_merged_cell_is_read_once_however_wide_it_says_it_is() -> None:
    text = "<w:p><w:r><w:t>Статья 1. Права потребителя при обнаружении недостатков в товаре</w:t></w:r></w:p>"
    wide = '<w:tcPr><w:gridSpan w:val="900000000"/></w:tcPr>'
    table = f"<w:tbl><w:tr><w:tc>{wide}{text}</w:tc></w:tr></w:tbl>"
    assert len(read_docx(_word(table))) == 1


@pytest.mark.parametrize("charset", ["unicode_escape", "zlib", "punycode", "no-such"])
def test_a_charset_that_is_none_is_not_believed(charset: str) -> None:
    page = f'<html><head><meta charset="{charset}"></head><body><p>{_RUSSIAN}</p></body></html>'
    assert "Права потребителя" in markup.read(page.encode())[0].text


def test_a_name_in_another_encoding_can_be_stored(database: Database, law: Callable[..., Path]) -> None:
    path = law()
    odd = path.rename(Path(os.fsdecode(os.fsencode(path.parent) + b"/\xc7\xe0\xea\xee\xed.txt")))
    [outcome] = ingest(database, [odd])
    assert outcome.status is Status.ADDED


def test_a_date_that_does_not_exist_keeps_no_act_out(database: Database, law: Callable[..., Path]) -> None:
    [outcome] = ingest(database, [law(edition="31.02.2021")])
    assert outcome.status is Status.ADDED


def test_an_honest_docx_passes_the_size_check(tmp_path: Path) -> None:
    file = BytesIO()
    document = docx.Document()
    for _ in range(2_000):
        document.add_paragraph("Статья 1. Очень однообразный текст, который хорошо сжимается.")
    document.save(file)
    check_size(file.getvalue())


def test_encrypted_pdf_says_so(tmp_path: Path) -> None:
    path = tmp_path / "locked.pdf"
    path.write_bytes(
        b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer << /Root 1 0 R /Encrypt 2 0 R >>\n%%EOF"
    )
    with pytest.raises(errors.BrokenFileError) as caught:
        reader.read(path)
    assert "паролем" in caught.value.message


def test_a_path_that_leads_nowhere(database: Database, law: Callable[..., Path]) -> None:
    [outcome] = ingest(database, [law() / "inside.txt"])
    assert outcome.code == "no_such_file"


def _rows(database: Database) -> int:
    with database.reading() as connection:
        return connection.scalar(select(func.count()).select_from(schema.edition)) or 0
