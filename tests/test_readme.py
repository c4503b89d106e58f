"""The two READMEs say the same, and what they name exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from advakod.engine.script import FaultKind, load_script

ROOT = Path(__file__).parents[1]
PAGES = ("README.md", "README.ru.md")
BLOCK = re.compile(r"^```\w*\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def blocks(page: str) -> list[str]:
    """What stands between fences, without comments: those are translated."""
    return [re.sub(r" +#.*", "", block) for block in BLOCK.findall((ROOT / page).read_text("utf-8"))]


def test_both_show_the_same_commands() -> None:
    english, russian = (blocks(page) for page in PAGES)
    assert english == russian


def test_both_have_the_same_sections() -> None:
    english, russian = (re.findall(r"^#+ ", (ROOT / page).read_text("utf-8"), re.MULTILINE) for page in PAGES)
    assert english == russian


@pytest.mark.parametrize("page", PAGES)
def test_every_link_into_the_project_leads_somewhere(page: str) -> None:
    links = re.findall(r"\]\((?!https?://)([^)#]+)", (ROOT / page).read_text("utf-8"))
    assert [link for link in links if not (ROOT / link).exists()] == []


@pytest.mark.parametrize("page", PAGES)
def test_every_make_target_named_exists(page: str) -> None:
    named = set(re.findall(r"(?:^|`)make ([a-z-]+)", (ROOT / page).read_text("utf-8"), re.MULTILINE))
    targets = set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    assert {"run", "test", "check"} <= named <= targets


def test_the_example_script_is_one(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "howto" / "scripted-engine.md").read_text("utf-8")
    found = re.search(r"```toml\n(.*?)```", page, re.DOTALL)
    assert found
    (tmp_path / "script.toml").write_text(found[1], "utf-8")
    script = load_script(tmp_path / "script.toml")
    assert {fault.kind for fault in script.faults} == set(FaultKind)
    assert max(fault.at for fault in script.faults) < len(script.text.split())
