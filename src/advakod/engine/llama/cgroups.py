"""What a container may use: limits of our control groups, both versions of the kernel's interface.

A machine without them (not Linux, no limit) is no error: there is nothing to tell.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
OWN = Path("/proc/self/cgroup")
MEMORY = (("memory.max", "memory.current"), ("memory.limit_in_bytes", "memory.usage_in_bytes"))


def memory_left(root: Path = ROOT, own: Path = OWN) -> Iterator[int]:
    """Bytes that each limited group may still take; file pages that the kernel can drop count as free."""
    for folder in _groups(root, own):
        for limit, used in MEMORY:
            most, now = _number(folder / limit), _number(folder / used)
            if most is not None and now is not None:
                yield max(0, most - now + _droppable(folder / "memory.stat"))


def cores(root: Path = ROOT, own: Path = OWN) -> float | None:
    """Cores' worth of time that the tightest group may use; None: as many as there are."""
    quotas = []
    for folder in _groups(root, own):
        try:
            quota, period = (folder / "cpu.max").read_text().split()
            quotas.append(int(quota) / int(period))
        except (OSError, ValueError):  # no such file, or «max»
            quota_us, period_us = _number(folder / "cpu.cfs_quota_us"), _number(folder / "cpu.cfs_period_us")
            if quota_us and period_us and quota_us > 0:
                quotas.append(quota_us / period_us)
    return min(quotas, default=None)


def _groups(root: Path, own: Path) -> Iterator[Path]:
    """Folders of our groups, each from our own up; inside a container the root is what the container is allowed."""
    try:
        lines = own.read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        top = root / controllers if controllers else root
        folder = top / path.lstrip("/")
        yield folder
        yield from (above for above in folder.parents if above.is_relative_to(top))


def _number(file: Path) -> int | None:
    try:
        return int(file.read_text())
    except (OSError, ValueError):  # no such file, or «max»
        return None


def _droppable(file: Path) -> int:
    try:
        stat = dict(line.split() for line in file.read_text().splitlines())
        return int(stat.get("inactive_file", 0))
    except (OSError, ValueError):
        return 0
