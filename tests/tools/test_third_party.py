"""Which licences may be shipped."""

from __future__ import annotations

import pytest

from tools.third_party import forbidden


@pytest.mark.parametrize(
    "licence",
    ["MIT", "Apache-2.0 AND MIT", "MPL-2.0 AND (Apache-2.0 OR MIT)", "BSD-3-Clause, Apache-2.0", "MIT OR GPL-2.0-only"],
)
def test_these_may(licence: str) -> None:
    assert not forbidden(licence)


@pytest.mark.parametrize(
    "licence",
    [
        "",
        "GPL-3.0-or-later",
        "AGPL-3.0",
        "LGPLv3+",
        "MIT AND GPL-2.0-only",
        "GNU Lesser General Public License v3 (LGPLv3)",
        "LGPL-2.1-only OR GPL-2.0-only",
    ],
)
def test_these_may_not(licence: str) -> None:
    assert forbidden(licence)
