"""A program with the command line of llama-server that is healthy and otherwise answers as it is told.

    program = odd_llama(folder, {"/tokenize": '{"tokens": "all"}', "/lora-adapters": None})

None: never; an empty one: the connection is closed. What is not named is a 404.
"""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.support.llama_server import script

ROOT = Path(__file__).parents[2]
SCRIPT = """#!/bin/sh
[ "$1" = --version ] && exec echo 'version: 1 (odd)'
PYTHONPATH='{root}' exec '{python}' '{here}' '{answers}' "$@"
"""


def odd_llama(folder: Path, answers: Mapping[str, str | None]) -> Path:
    """Write the program."""
    (told := folder / "answers.json").write_text(json.dumps({**answers, "/health": "{}"}))
    return script(folder / "odd-llama", SCRIPT.format(root=ROOT, python=sys.executable, here=__file__, answers=told))


class _Handler(BaseHTTPRequestHandler):
    answers: Mapping[str, str | None]

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base's name
        pass

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()

    def do_GET(self) -> None:
        answer = self.answers.get(self.path, "{}")
        if answer is None:
            threading.Event().wait()
            return
        if not answer:
            self.close_connection = True
            return
        body = answer.encode()
        self.send_response(200 if self.path in self.answers else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def main(answers: str, *options: str) -> None:
    _Handler.answers = json.loads(Path(answers).read_text())
    ThreadingHTTPServer(("127.0.0.1", int(options[options.index("--port") + 1])), _Handler).serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
