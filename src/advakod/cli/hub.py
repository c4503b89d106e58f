"""Model files on a hub that speaks Hugging Face's protocol, read through its own library.

HubError
├── HubMissingError      the library is not installed
├── HubUnreachableError  no network, a proxy, a hub that is down: the same command may succeed later
├── NoSuchModelError     no such repository, revision or file
├── ClosedModelError     a token is needed, or the one given is not enough
└── OtherHubError        the page that was named is on another hub
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import PurePosixPath
from typing import Any, BinaryIO
from urllib.parse import unquote, urlsplit

from .. import __version__
from ..errors import AdvakodError

HUB = "https://huggingface.co"
LISTED = 30.0  # seconds that a hub may take to say what a repository holds
NOT_A_MODEL = ("mmproj", "imatrix")  # GGUF files that go with a model: eyes, a quantiser's statistics
_PART = re.compile(r"-\d{5}-of-\d{5}\.gguf$", re.IGNORECASE)


class HubError(AdvakodError):
    """A model could not be taken from the hub."""

    code = "model_hub"
    user_message = "Модель не скачана: хранилище ответило не так, как ожидалось."


class HubMissingError(HubError):
    """The library huggingface_hub is not installed."""

    code = "hub_missing"
    user_message = "Для скачивания моделей нужен пакет huggingface-hub: pip install 'advakod[hub]'"


class HubUnreachableError(HubError):
    """The hub cannot be reached, or is down."""

    code = "hub_unreachable"
    user_message = (
        "Нет связи с {endpoint}. Проверьте сеть и прокси (HTTPS_PROXY); другой адрес хранилища задаёт HF_ENDPOINT."
    )


class NoSuchModelError(HubError):
    """The hub has no such repository, revision or file."""

    code = "model_not_found"
    user_message = (
        "На {endpoint} нет хранилища {repository}, или оно закрыто. Проверьте имя (владелец/название); "
        "для закрытого задайте переменную HF_TOKEN."
    )


class ClosedModelError(HubError):
    """The repository is there, and not for everyone."""

    code = "model_closed"
    user_message = (
        "Доступ к {repository} открывает его владелец: примите условия на {endpoint}/{repository} "
        "и задайте переменную HF_TOKEN с ключом своей учётной записи."
    )


class OtherHubError(HubError):
    """The page is on another hub than the one in force."""

    code = "model_other_hub"
    user_message = (
        "Это адрес на {host}, а модели берутся с {endpoint}. Назовите хранилище без адреса (владелец/название) "
        "или задайте HF_ENDPOINT=https://{host}"
    )


@dataclass(frozen=True, slots=True)
class Address:
    """What was asked for. Empty: not said."""

    repository: str
    file: str = ""
    revision: str = ""


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A GGUF file of a repository, or the first of the files that one is split into."""

    name: str  # with its folders
    bytes: int  # of all its parts
    sha256: str  # of the content; empty where the hub does not tell
    git: str  # git's hash of the content; of the pointer where there is a `sha256`
    parts: int = 1

    @property
    def base(self) -> str:
        return PurePosixPath(self.name).name

    @property
    def is_model(self) -> bool:
        return not self.base.lower().startswith(NOT_A_MODEL)


@dataclass(frozen=True, slots=True)
class Repository:
    """GGUF files at one commit, the smallest first."""

    name: str
    commit: str
    files: tuple[RemoteFile, ...]


def endpoint() -> str:
    """Of the hub that models are taken from."""
    return os.environ.get("HF_ENDPOINT", "").rstrip("/") or HUB


def address(written: str) -> Address:
    """`owner/name`, or the address of its page or of a file's page, as a browser shows it.

    Raises OtherHubError for a page that is not of the hub in force: a repository of that name there is another one.
    """
    if "://" not in written:
        return Address(written.strip("/"))
    page, hub = urlsplit(written), urlsplit(endpoint())
    if page.netloc.lower() != hub.netloc.lower():
        raise OtherHubError(f"{page.netloc} is not {hub.netloc}", host=page.netloc, endpoint=endpoint())
    steps = [unquote(step) for step in page.path.removeprefix(hub.path).split("/") if step]
    owner_and_name = "/".join(steps[:2])
    if len(steps) > 3 and steps[2] in ("blob", "resolve", "tree"):
        return Address(owner_and_name, "/".join(steps[4:]), steps[3])
    return Address(owner_and_name)


class Hub:
    """The hub named by HF_ENDPOINT. The token is the library's: HF_TOKEN, or a login of this machine's user."""

    def __init__(self) -> None:
        try:
            from huggingface_hub import HfApi
        except ImportError as error:
            raise HubMissingError(str(error)) from error
        logging.getLogger("huggingface_hub").setLevel(logging.ERROR)  # its warnings are said here, in Russian
        self.endpoint = endpoint()
        self._api = HfApi(endpoint=self.endpoint, library_name="advakod", library_version=__version__)

    def repository(self, asked: Address) -> Repository:
        """What is there now. Raises HubError."""
        with self._in_words(asked.repository, asked.revision):
            info = self._api.model_info(
                asked.repository, revision=asked.revision or None, files_metadata=True, timeout=LISTED
            )
            found = [_file(sibling) for sibling in info.siblings or () if sibling.rfilename.lower().endswith(".gguf")]
            files = sorted(_joined(found), key=lambda file: (file.bytes, file.name))
            return Repository(asked.repository, info.sha or "main", tuple(files))

    def fetch(self, there: Repository, file: RemoteFile, into: BinaryIO, told: Callable[[int], None]) -> None:
        """Append what is missing to `into`, whose first bytes are there already; `told` hears how many there are.

        Whatever is raised, every byte that came is in `into`. Bytes may be taken away again when the hub cannot go
        on in the middle. The token is sent to the hub alone: a redirect to another host goes without it.
        """
        from huggingface_hub import hf_hub_url
        from huggingface_hub.file_download import http_get
        from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined]  # public, says its page

        url = hf_hub_url(there.name, file.name, revision=there.commit, endpoint=self.endpoint)
        with self._in_words(there.name, there.commit):
            http_get(
                url,
                into,
                resume_size=into.tell(),
                headers=build_hf_headers(library_name="advakod", library_version=__version__),
                expected_size=file.bytes,
                tqdm_class=_listener(told),
            )

    @contextmanager
    def _in_words(self, repository: str, revision: str) -> Iterator[None]:
        """The library's errors as ours. What the disk has against the file stays an OSError with its number."""
        from huggingface_hub import errors

        of_http: Any = errors.HfHubHTTPError.__mro__[1]  # the root of what its HTTP client raises, whatever its name
        facts = {"endpoint": self.endpoint, "repository": repository}
        try:
            yield
        except errors.GatedRepoError as error:
            raise ClosedModelError(str(error), **facts) from error
        except (errors.RepositoryNotFoundError, errors.HFValidationError) as error:
            raise NoSuchModelError(str(error), **facts) from error
        except errors.RevisionNotFoundError as error:
            raise NoSuchModelError(str(error), message=f"У {repository} нет версии {revision}.") from error
        except errors.EntryNotFoundError as error:
            raise NoSuchModelError(str(error), message=f"Этого файла в {repository} больше нет.") from error
        except errors.HfHubHTTPError as error:
            raise self._refused(error, repository) from error
        except errors.OfflineModeIsEnabled as error:
            raise HubUnreachableError(str(error), message="Сеть выключена переменной HF_HUB_OFFLINE.") from error
        except of_http as error:
            raise HubUnreachableError(str(error), **facts) from error
        except OSError as error:
            if error.errno is not None:
                raise
            raise HubUnreachableError(str(error), **facts) from error  # fewer bytes than were promised
        except (ValueError, TypeError, KeyError) as error:
            message = f"По адресу {self.endpoint} отвечает не хранилище моделей. Проверьте HF_ENDPOINT и прокси."
            raise HubError(str(error), message=message) from error

    def _refused(self, error: Any, repository: str) -> HubError:
        status = error.response.status_code
        if status == 403 or "Invalid credentials" in error.response.headers.get("X-Error-Message", ""):
            message = f"Ключ HF_TOKEN не даёт доступа к {repository}. Проверьте его и права его владельца."
            return ClosedModelError(str(error), message=message)
        if status in (401, 404):  # the hub does not say which
            return NoSuchModelError(str(error), endpoint=self.endpoint, repository=repository)
        if status == 429 or status >= 500:
            message = f"{self.endpoint} сейчас не справляется (HTTP {status}). Повторите позже."
            return HubUnreachableError(str(error), message=message)
        return HubError(str(error), message=f"{self.endpoint} отказал в запросе (HTTP {status}).")


def _file(sibling: Any) -> RemoteFile:
    lfs = sibling.lfs
    return RemoteFile(
        name=str(sibling.rfilename),
        bytes=int(lfs.size if lfs else sibling.size or 0),
        sha256=str(lfs.sha256 if lfs else ""),
        git=str(sibling.blob_id or ""),
    )


def _joined(files: Iterable[RemoteFile]) -> Iterator[RemoteFile]:
    """The parts of a split model as one file."""
    for _, group in groupby(sorted(files, key=lambda file: file.name), lambda file: _PART.sub("", file.name)):
        parts = list(group)
        yield replace(parts[0], bytes=sum(part.bytes for part in parts), parts=len(parts))


def _listener(told: Callable[[int], None]) -> Any:
    """A class that the library takes for tqdm's."""

    class Listener:
        def __init__(self, *args: object, initial: int = 0, **named: object) -> None:
            self._bytes = initial
            told(initial)

        def __enter__(self) -> Listener:
            return self

        def __exit__(self, *exc: object) -> None:
            pass

        def update(self, more: float | None = 1) -> None:
            self._bytes += int(more or 0)
            told(self._bytes)

    return Listener
