"""Why a file cannot become law text. Each says what is wrong and what to do.

DocumentError
├── NoSuchFileError        no_such_file
├── EmptyFileError         empty_file
├── FileTooLargeError      file_too_large
├── UnknownFormatError     unknown_format
├── UnsupportedFormatError unsupported_format   a known format that is not read
├── BrokenFileError        broken_file          a PDF, DOCX or HTML in name only
├── ArchiveBombError       archive_bomb         unpacks into far more than it should
├── NestedTooDeepError     nested_too_deep      tags in tags, more than can be read
├── NoTextLayerError       no_text_layer        a scan
├── UnreadableTextError    unreadable_text      wrong encoding
│   └── NotRussianError    the same             another language
├── NoReadableFilesError   no_readable_files    a folder without any
├── NotAnActError          not_an_act           neither articles nor points
├── UnknownActError        unknown_act          it does not say which act it is
├── EditionConflictError   edition_conflict     another text of the same edition is stored
└── BeingIngestedError     being_ingested       another process is storing the same document
"""

from __future__ import annotations

from ..errors import InputError


class DocumentError(InputError):
    """The file cannot become law text."""

    code = "bad_document"
    user_message = "Файл не удалось прочитать как текст закона."


class NoSuchFileError(DocumentError):
    """There is no such file, or it may not be read."""

    code = "no_such_file"
    user_message = "Файл не найден или недоступен. Проверьте путь и права на чтение."


class EmptyFileError(DocumentError):
    """The file has no content."""

    code = "empty_file"
    user_message = "Файл пуст. Скачайте его заново."


class FileTooLargeError(DocumentError):
    """The file is larger than any act."""

    code = "file_too_large"
    user_message = "Файл слишком большой: {megabytes} МБ, предел {limit} МБ. Сохраните один акт в отдельный файл."


class UnknownFormatError(DocumentError):
    """The content is of no known format."""

    code = "unknown_format"
    user_message = "Неизвестный формат файла. Подходят PDF с текстом, DOCX, HTML и TXT."


class UnsupportedFormatError(DocumentError):
    """The format is known and not read."""

    code = "unsupported_format"
    user_message = "Формат {format} не поддерживается. Откройте файл и сохраните его как DOCX."


class BrokenFileError(DocumentError):
    """The file is damaged or encrypted."""

    code = "broken_file"
    user_message = "Файл повреждён или защищён паролем: он похож на {format}, но не открывается. Скачайте его заново."


class ArchiveBombError(DocumentError):
    """The archive unpacks into far more than it should."""

    code = "archive_bomb"
    user_message = "Файл DOCX распаковывается в слишком большой объём и отклонён. Сохраните документ заново."


class NestedTooDeepError(DocumentError):
    """Elements are nested too deep to be read."""

    code = "nested_too_deep"
    user_message = "Разметка файла вложена слишком глубоко. Откройте его и сохраните как TXT или DOCX."


class NoTextLayerError(DocumentError):
    """A scan: pictures of pages without text."""

    code = "no_text_layer"
    user_message = "В PDF нет текста: это скан. Распознайте его (OCR) или скачайте текстовую версию."


class UnreadableTextError(DocumentError):
    """The text is garbled or not Russian."""

    code = "unreadable_text"
    user_message = "Текст не читается: неверная кодировка. Сохраните файл в UTF-8."


class NotRussianError(UnreadableTextError):
    """The text is in another language."""

    user_message = "Это не русский текст. Загружаются только тексты законов на русском языке."


class NoReadableFilesError(DocumentError):
    """The folder holds no file that could be read."""

    code = "no_readable_files"
    user_message = "В папке нет подходящих файлов. Положите в неё PDF, DOCX, HTML или TXT."


class NotAnActError(DocumentError):
    """The text has neither articles nor numbered points."""

    code = "not_an_act"
    user_message = (
        "В тексте нет ни статей, ни пунктов: это не похоже на закон или иной правовой акт. "
        "Если это всё же акт, назовите его параметром --act."
    )


class UnknownActError(DocumentError):
    """The text does not say which act it is."""

    code = "unknown_act"
    user_message = (
        "Не удалось определить, что это за акт. Укажите его параметром --act или --title, --number и --date; "
        "договоры и заявления загружать не нужно."
    )


class EditionConflictError(DocumentError):
    """Another text of the same edition is already stored."""

    code = "edition_conflict"
    user_message = (
        "Редакция «{act}» от {edition} уже загружена с другим текстом. "
        "Укажите другую дату параметром --edition-date или замените её параметром --replace."
    )


class BeingIngestedError(DocumentError):
    """Another process is storing the same document."""

    code = "being_ingested"
    user_message = "Этот документ сейчас загружает другой процесс. Повторите, когда он закончит."
