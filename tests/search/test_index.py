from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import update

from advakod.corpus.queries import GENERATION_KEY
from advakod.law.guide import Guide
from advakod.search import Search, generations
from advakod.search import index as index_module
from advakod.search.build import build
from advakod.search.errors import IndexNotBuiltError, LockBusyError
from advakod.search.index import Index
from advakod.storage import Database, schema
from tests.search.conftest import TK, load

HOLD_THE_LOCK = """
import sys, time
from pathlib import Path
from advakod.search.generations import new_generation, writing
with writing(Path(sys.argv[1])), new_generation(Path(sys.argv[1])):
    print("locked", flush=True)
    time.sleep(60)
"""
SEARCH = """
import sys
from pathlib import Path
from advakod.search import Search
from advakod.storage import Database
database = Database(sys.argv[1])
print([hit.article for hit in Search(database, Path(sys.argv[2])).search("ст. 81 ТК").hits])
database.close()
"""
NEW = {"91": ("Рабочее время", "Нормальная продолжительность рабочего времени.")}


@pytest.fixture(autouse=True)
def _look_at_the_database_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_module, "FRESH_FOR", 0.0)


def _generations(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "index").iterdir() if path.is_dir())


@contextmanager
def _builder(root: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that is building."""
    child = subprocess.Popen([sys.executable, "-c", HOLD_THE_LOCK, str(root)], stdout=subprocess.PIPE, text=True)
    try:
        assert child.stdout is not None
        assert child.stdout.readline() == "locked\n"
        yield child
    finally:
        child.kill()
        child.communicate()


def test_a_missing_index_is_built_by_the_first_search(search: Search, tmp_path: Path) -> None:
    assert not (tmp_path / "index").exists()
    assert search.search("прогул").hits
    assert _generations(tmp_path) == ["1"]


def test_a_fresh_index_is_used_as_it_is(search: Search, loaded: Database, guide: Guide, tmp_path: Path) -> None:
    search.refresh()
    Search(loaded, tmp_path, guide=guide).search("прогул")
    assert _generations(tmp_path) == ["1"]


def test_a_change_of_the_corpus_is_found_at_once(search: Search, loaded: Database, tmp_path: Path) -> None:
    assert not search.search("продолжительность времени").hits
    load(loaded, "sk", NEW)
    assert search.search("продолжительность времени").hits[0].act == "sk"
    assert _generations(tmp_path) == ["1", "2"]


@pytest.mark.parametrize("what", ["guide", "analysis", "format"])
def test_an_index_built_by_other_rules_is_rebuilt(
    search: Search, loaded: Database, guide: Guide, tmp_path: Path, what: str
) -> None:
    search.refresh()
    manifest = tmp_path / "index" / "1" / generations.MANIFEST
    text = manifest.read_text()
    source = json.loads(text)["source"]
    before, after = json.dumps(source[what]), json.dumps(type(source[what])(0))
    assert f'"{what}":{before}' in text
    manifest.write_text(text.replace(f'"{what}":{before}', f'"{what}":{after}'))
    assert Search(loaded, tmp_path, guide=guide).search("прогул").hits
    assert "2" in _generations(tmp_path)


@pytest.mark.parametrize("lost", [generations.MANIFEST, f"{generations.TEXTS}/meta.json", generations.PROFILES])
def test_a_damaged_index_is_rebuilt(search: Search, loaded: Database, guide: Guide, tmp_path: Path, lost: str) -> None:
    search.refresh()
    victim = tmp_path / "index" / "1" / lost
    shutil.rmtree(victim) if victim.is_dir() else victim.unlink()
    assert Search(loaded, tmp_path, guide=guide).search("прогул").hits
    assert "2" in _generations(tmp_path)


def test_only_the_last_generations_are_kept(search: Search, tmp_path: Path) -> None:
    for _ in range(4):
        search.rebuild()
    assert _generations(tmp_path) == ["3", "4"]
    assert search.search("прогул").hits


def test_two_builders_at_once_are_refused(loaded: Database, guide: Guide, tmp_path: Path) -> None:
    root = tmp_path / "index"
    with _builder(root), pytest.raises(LockBusyError):
        build(loaded, root, guide)


def test_a_killed_builder_leaves_nothing_in_the_way(loaded: Database, guide: Guide, tmp_path: Path) -> None:
    root = tmp_path / "index"
    with _builder(root) as child:
        assert list(root.glob("building-*"))
        child.kill()
        child.wait()
        build(loaded, root, guide)
    assert _generations(tmp_path) == ["1"]


def test_a_failed_build_leaves_the_old_index(
    search: Search, loaded: Database, guide: Guide, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    search.refresh()
    monkeypatch.setattr("advakod.search.build.write_manifest", _full_disk)
    with pytest.raises(Exception, match="No space"):
        build(loaded, tmp_path / "index", guide)
    assert _generations(tmp_path) == ["1"]


def _full_disk(*_: object) -> None:
    raise OSError(28, "No space left on device")


def test_two_processes_build_once(loaded: Database, tmp_path: Path) -> None:
    command = [sys.executable, "-c", SEARCH, str(loaded.url), str(tmp_path)]
    children = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert [child.communicate(timeout=60)[0] for child in children] == ["['81']\n"] * 2
    assert _generations(tmp_path) == ["1"]


def test_what_another_built_a_moment_ago_is_not_built_again(loaded: Database, guide: Guide, tmp_path: Path) -> None:
    """It ended between the look at the folder and the lock."""
    with closing(Index(loaded, tmp_path, guide=guide)) as index:
        index.refresh()
    assert build(loaded, tmp_path / "index", guide, unneeded=lambda: True) is None
    assert _generations(tmp_path) == ["1"]


def test_an_old_index_serves_while_another_process_builds(loaded: Database, guide: Guide, tmp_path: Path) -> None:
    with closing(Index(loaded, tmp_path, guide=guide, background=True)) as index:
        old = index.current()
        load(loaded, "sk", NEW)
        with _builder(tmp_path / "index"):
            assert index.current() is old


def test_a_server_rebuilds_in_a_process_of_its_own(
    loaded: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index_module, "SETTLED_AFTER", 0.0)
    with closing(Index(loaded, tmp_path, background=True)) as index:
        old = index.current()
        load(loaded, "sk", TK)
        deadline = time.monotonic() + 60
        while index.current() is old:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert index.current().manifest.source.corpus == old.manifest.source.corpus + 1


def test_a_build_that_fails_is_not_tried_again_at_once(
    loaded: Database, guide: Guide, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[subprocess.Popen[bytes]] = []

    def fail(_: Index) -> subprocess.Popen[bytes]:
        started.append(subprocess.Popen([sys.executable, "-c", "raise SystemExit(1)"]))
        started[-1].wait()
        return started[-1]

    monkeypatch.setattr(index_module, "SETTLED_AFTER", 0.0)
    monkeypatch.setattr(Index, "_start_child", fail)
    with closing(Index(loaded, tmp_path, guide=guide, background=True)) as index:
        old = index.current()
        load(loaded, "sk", NEW)
        assert [index.current() for _ in range(5)] == [old] * 5
    assert len(started) == 1


def test_a_corpus_put_back_to_an_earlier_state_is_indexed_anew(search: Search, loaded: Database) -> None:
    search.refresh()
    back = update(schema.meta).where(schema.meta.c.key == GENERATION_KEY).values(value="1")
    loaded.write_sync(lambda connection: connection.execute(back).close())
    assert search.refresh().source.corpus == 1


def test_an_index_that_cannot_be_written_says_what_to_do(loaded: Database, guide: Guide, tmp_path: Path) -> None:
    (tmp_path / "index").write_text("not a folder")
    with pytest.raises(IndexNotBuiltError) as caught:
        Search(loaded, tmp_path, guide=guide).refresh()
    assert "advakod index" in caught.value.message
