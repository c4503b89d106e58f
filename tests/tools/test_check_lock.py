"""The lock's guard sees every way in which a lock can go wrong."""

from __future__ import annotations

import pytest

from tools.check_lock import problems

HASH = "0" * 64
PROJECT = {
    "build-system": {"requires": ["builder>=1"]},
    "project": {"dependencies": ["one>=2; sys_platform != 'win32'"], "optional-dependencies": {"x": ["Extra.One<3"]}},
    "dependency-groups": {"dev": ["tester[all]>=8"]},
}
GOOD = "".join(
    f"{pin} \\\n    --hash=sha256:{HASH} \\\n    --hash=sha256:{HASH}\n    # via something\n"
    for pin in ("builder==1.2", "one==2.0 ; sys_platform != 'win32'", "extra-one==2.9", "tester==9.0", "indirect==1")
)


def test_a_good_lock_has_no_problem() -> None:
    assert list(problems(PROJECT, GOOD)) == []


@pytest.mark.parametrize(
    ("lock", "words"),
    [
        ("--index-url https://mirror.example/simple\n" + GOOD, "names a place"),
        ("--extra-index-url file:mirror\n" + GOOD, "names a place"),
        ("--find-links wheels\n" + GOOD, "names a place"),
        ("-i mirror\n" + GOOD, "names a place"),
        (GOOD + f"other @ file:other.whl --hash=sha256:{HASH}\n", "names a place"),
        (GOOD + "./other.whl\n", "names a place"),
        (GOOD + "other==1\n", "has no hash"),
        (GOOD + f"other>=1 --hash=sha256:{HASH}\n", "not pinned"),
        (GOOD.replace("one==2.0", "one==1.9"), "is not satisfied by 1.9"),
        (GOOD.replace("extra-one==2.9", "extra-one==3.0"), "is not satisfied by 3.0"),
        (GOOD.replace("builder==", "builders=="), "is not in the lock"),
        (GOOD + "what is this?\n", "cannot be read"),
    ],
)
def test_every_fault_is_named(lock: str, words: str) -> None:
    assert words in "\n".join(problems(PROJECT, lock))
