"""What every test may use. Nothing of the machine's own configuration reaches a test."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from advakod.settings import Settings, load_settings
from advakod.storage import Database
from tests.support.postgres import PostgresServer, binaries

TESTS = Path(__file__).parent
CORPUS = TESTS.parents[1] / "shared" / "corpus"
LONGEST_FIRST = ("page", "e2e", "engine", "search", "api", "answers")  # folders; all others take less


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The folders whose files take longest come first: at the end the processes wait for short ones."""
    items.sort(key=lambda item: _rank(item.path))


def _rank(path: Path) -> int:
    folder = path.relative_to(TESTS).parts[0]
    return LONGEST_FIRST.index(folder) if folder in LONGEST_FIRST else len(LONGEST_FIRST)


def skip_or_fail(reason: str) -> None:
    """What is missing on a laptop may be skipped; in CI it may not."""
    if os.environ.get("CI"):
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="session", autouse=True)
def _isolated_environment() -> Iterator[None]:
    """No variable and no .env file from outside; processes that tests start inherit this."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.upper().startswith(("ADVAKOD_", "VISTRAL_"))]:
            patch.delenv(name)
        patch.setenv("ADVAKOD_ENV_FILE", os.devnull)
        yield


@pytest.fixture
def settings(tmp_path: Path) -> Callable[..., Settings]:
    """A factory: settings by field name, all state in this test's own folder."""

    def make(**overrides: object) -> Settings:
        return load_settings(**{"data_dir": tmp_path / "var", "port": 0, **overrides})

    return make


@pytest.fixture(scope="session")
def corpus_dir() -> Path:
    """Real acts, in old editions."""
    if not CORPUS.is_dir():
        skip_or_fail(f"no corpus at {CORPUS}")
    return CORPUS


@pytest.fixture(scope="session")
def xllamacpp() -> None:
    """For tests with a real child."""
    if importlib.util.find_spec("xllamacpp") is None:
        skip_or_fail("xllamacpp is not installed: pip install 'advakod[llama]'")


@pytest.fixture(scope="session")
def tiny_gguf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that never ends by itself; read only. Under xdist each process makes its own, which takes a second."""
    from tests.support.tiny_gguf import tiny_model  # numpy, which most tests do without

    return tiny_model(tmp_path_factory.mktemp("models") / "tiny.gguf")


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """One cluster for the session (under xdist: for each of its processes)."""
    programs = binaries()
    if programs is None:
        skip_or_fail("PostgreSQL is not installed (Debian: postgresql-15)")
        return
    server = PostgresServer(programs)
    try:
        yield server.start()
    finally:
        server.stop()


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a new, empty database: the test runs once on each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'test.db'}"
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.create_database()


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """An open database with the schema in it, on each kind."""
    database = Database(database_url)
    try:
        yield database.open()
    finally:
        database.close()
