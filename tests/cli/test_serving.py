"""What the server says when it starts, and when it cannot."""

from __future__ import annotations

import errno
import shlex

from advakod.cli.serving import _greeting, _why_not
from advakod.settings import load_settings


def test_the_command_in_the_greeting_can_be_pasted() -> None:
    said = _greeting("http://127.0.0.1:8000", load_settings())
    asked = said.partition("спросить: ")[2].partition(" (")[0]
    assert shlex.split(asked)[-4:] == ["ask", "--url", "http://127.0.0.1:8000", "ваш вопрос"]


def test_a_port_in_use_suggests_another() -> None:
    said = _why_not(load_settings(host="127.0.0.1", port=8000), OSError(errno.EADDRINUSE, "in use"))
    assert "127.0.0.1:8000 уже занят — может быть, ADVAKOD там и работает" in said
    assert "ADVAKOD_PORT=8001" in said
