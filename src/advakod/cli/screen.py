"""How an answer looks in a terminal and in a pipe."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TextIO

from rich.console import Console
from rich.markdown import Markdown

from .answer import Answer
from .references import mentioned, reference_lines

STAGES = {
    "queued": "в очереди, место {position}",
    "loading": "модель загружается…",
    "searching": "ищу в законах…",
    "reading": "читаю найденное…",
    "thinking": "модель обдумывает ответ…",
    "writing": "пишу ответ…",
    "checking": "проверяю ссылки…",
}
_FENCE = re.compile(r"^ *(?:```|~~~)", re.MULTILINE)


class Screen:
    """The answer on stdout: Markdown rendered for a person, as it was written for a program. The rest on stderr.

    One empty line between the parts, never two.
    """

    def __init__(self) -> None:
        out, told = Position(), Position()
        person = sys.stdout.isatty()
        self._out = Paper(sys.stdout, out)
        self._err = Paper(sys.stderr, out if _one_place() else told)
        self._rendered = Blocks() if person else None
        self._noticed = False  # a notice is what was shown last
        self._console = Console(file=sys.stdout)

    def event(self, event: dict[str, Any]) -> None:
        """Show one event of the run."""
        if event["type"] == "response.output_text.delta":
            self._text(event["delta"])
        elif event["type"] == "advakod.stage":
            self._stage(event)
        elif event["type"] == "advakod.notice":
            self._notice(event["message"])

    def end(self, answer: Answer, go_on: str) -> None:
        """What stands under the text; `go_on` is the command that continues it."""
        self._flush()
        self._out.end_line()
        if self._noticed:
            self._err.gap()
        if lines := reference_lines(answer.citations, answer.sources):
            self._out.gap()
            self._out.write("Ссылки:\n" + "".join(f"  {line}\n" for line in lines))
        if others := mentioned(answer.citations, answer.sources):
            self._out.gap()
            self._out.write(f"Упомянуты, но не прочитаны: {others}\n")
        if answer.message:
            self._err.gap()
            self._say(f"{answer.message} [{answer.reason}]")
        if answer.unfinished:
            self._say(f"Номер ответа: {answer.id}. Продолжить:\n  {go_on}")

    def left(self, run_id: str) -> None:
        """The run could not be stopped, and goes on without a reader."""
        self._say(f"Остановить не удалось: сервер не отвечает, ответ может писаться дальше. Номер ответа: {run_id}")

    def dropped(self) -> None:
        self._say("Связь прервалась, ответ готовится, подключаюсь…")

    def back(self) -> None:
        self._say("Связь есть, продолжаю.")

    def _stage(self, event: dict[str, Any]) -> None:
        if event["stage"] == "checking":  # the text is all there
            self._flush()
        if sys.stderr.isatty():
            self._say(f"· {STAGES.get(event['stage'], event['stage']).format_map(event)}")

    def _notice(self, message: str) -> None:
        """Notices stand together, with an empty line above and below."""
        if not self._noticed:
            self._err.gap()
        self._say(f"! {message}")
        self._noticed = True

    def _say(self, line: str) -> None:
        self._err.end_line()
        self._err.write(f"{line}\n")

    def _text(self, delta: str) -> None:
        if self._noticed:
            self._err.gap()
            self._noticed = False
        if self._rendered is None:
            self._out.write(delta)
            return
        for block in self._rendered.feed(delta):
            self._block(block)

    def _flush(self) -> None:
        for block in self._rendered.rest() if self._rendered else ():
            self._block(block)

    def _block(self, block: str) -> None:
        with self._console.capture() as captured:
            self._console.print(Markdown(block))
        self._out.gap()
        self._out.write(captured.get().strip("\n") + "\n")


def _one_place() -> bool:
    """Whether both streams go to the same terminal or file."""
    try:
        return os.path.sameopenfile(sys.stdout.fileno(), sys.stderr.fileno())
    except OSError:  # a stream that is no file
        return False


@dataclass
class Position:
    """Where the next character goes: after how many line ends. A fresh page needs no empty line above."""

    line_ends: int = 2


class Paper:
    """A stream that knows what it shows last. Two that share a terminal share a position."""

    def __init__(self, stream: TextIO, position: Position) -> None:
        self._stream = stream
        self._position = position

    def write(self, text: str) -> None:
        """Shown at once."""
        if not text:
            return
        ends = len(text) - len(text.rstrip("\n"))
        self._position.line_ends = ends + (self._position.line_ends if ends == len(text) else 0)
        self._stream.write(text)
        self._stream.flush()

    def end_line(self) -> None:
        """What is written next begins a line."""
        if self._position.line_ends == 0:
            self.write("\n")

    def gap(self) -> None:
        """What is written next has an empty line above, unless nothing is above."""
        while self._position.line_ends < 2:
            self.write("\n")


class Blocks:
    """Cuts Markdown that is still being written into blocks which can be rendered one by one."""

    def __init__(self) -> None:
        self._held = ""

    def feed(self, text: str) -> Iterator[str]:
        """The blocks that `text` completes. Code between fences is one, whatever empty lines it has."""
        self._held += text
        start = 0
        while (end := self._held.find("\n\n", start)) >= 0:
            block = self._held[:end]
            if len(_FENCE.findall(block)) % 2:
                start = end + 1
                continue
            self._held, start = self._held[end:].lstrip("\n"), 0
            if block.strip():
                yield block.strip("\n")

    def rest(self) -> Iterator[str]:
        """What is left at the end."""
        held, self._held = self._held, ""
        if held.strip():
            yield held
