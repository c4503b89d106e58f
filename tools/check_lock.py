"""Check that requirements.lock satisfies pyproject.toml, pins everything by hash and names no place.

`make check` runs it; it needs no network.
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
# A lock is used on other people's machines and mirrors: no URL, no option of pip, no path of this machine.
PLACE = re.compile(r"://|\bfile:|\s@\s|^\s*-(?!-hash=sha256:[0-9a-f]{64}\b)|(?:^|\s)(?:/|\./|\.\./|[A-Za-z]:\\)")


@dataclass(frozen=True, slots=True)
class Pin:
    """One entry of the lock."""

    requirement: Requirement
    hashes: int

    @property
    def version(self) -> str | None:
        """The version it is pinned to; None when it is not pinned to exactly one."""
        specifiers = list(self.requirement.specifier)
        return specifiers[0].version if len(specifiers) == 1 and specifiers[0].operator == "==" else None


def problems(project: dict[str, Any], lock: str) -> Iterator[str]:
    """Every reason not to trust the lock, one sentence each."""
    for number, line in enumerate(_lines(lock), 1):
        if PLACE.search(line):
            yield f"line {number} names a place or an option: {line.strip()}"
    try:
        found = list(pins(lock))
    except InvalidRequirement as error:
        yield f"an entry cannot be read: {error}"
        return
    for pin in found:
        if pin.version is None:
            yield f"{pin.requirement} is not pinned to one version"
        if not pin.hashes:
            yield f"{pin.requirement} has no hash"
    yield from _unsatisfied(list(requirements(project)), found)


def pins(lock: str) -> Iterator[Pin]:
    """The entries of a lock; options and comments are not entries."""
    for entry in re.split(r"(?<!\\)\n", "\n".join(_lines(lock))):
        text = entry.replace("\\\n", " ").strip()
        if text and not text.startswith("-"):
            requirement, *hashes = re.split(r"\s--hash=", text)
            yield Pin(Requirement(requirement.strip()), len(hashes))


def requirements(project: dict[str, Any]) -> Iterator[Requirement]:
    """What the project asks for: to run, its extras, to build, to develop."""
    groups = [
        project["project"]["dependencies"],
        *project["project"].get("optional-dependencies", {}).values(),
        *project.get("dependency-groups", {}).values(),
        project["build-system"]["requires"],
    ]
    return (Requirement(line) for group in groups for line in group)


def _unsatisfied(wanted: list[Requirement], found: list[Pin]) -> Iterator[str]:
    versions: dict[str, list[str]] = {}
    for pin in found:
        versions.setdefault(canonicalize_name(pin.requirement.name), []).append(pin.version or "")
    for requirement in wanted:
        held = versions.get(canonicalize_name(requirement.name), [])
        if not held:
            yield f"{requirement} is not in the lock"
        elif not all(requirement.specifier.contains(version, prereleases=True) for version in held if version):
            yield f"{requirement} is not satisfied by {', '.join(held)}"


def _lines(lock: str) -> list[str]:
    return [re.sub(r"(^|\s)#.*", "", line) for line in lock.split("\n")]


def main() -> int:
    """Print every problem; 1 when there is one."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    lock = (ROOT / "requirements.lock").read_text("utf-8")
    found = list(problems(project, lock))
    for problem in found:
        print(f"requirements.lock: {problem}", file=sys.stderr)
    if found:
        print("`make lock` makes it anew.", file=sys.stderr)
        return 1
    print(f"requirements.lock: {len(list(pins(lock)))} pins, all with hashes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
