"""A hop before a real server that answers for one run itself: a long text, as many events a second as are asked for.

Our own server gathers tokens for 25 ms and so never sends one run's reader 100 events a second; other servers may.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from typing import Any

import orjson
from aiohttp import ClientSession, web

RUN, CONVERSATION, QUESTION, ANSWER = "resp_bench", "conv_bench", "msg_question", "msg_bench"
HEADINGS_EVERY = 1_500  # characters: an answer has parts
SENTENCE = (
    "Если в товаре обнаружен недостаток, который **не был оговорён** продавцом, покупатель вправе потребовать замены "
    "товара или вернуть уплаченные деньги (ст. 18 Закона о защите прав потребителей) [1]. "
)
ITEM = "- потребовать *безвозмездного* устранения недостатка или возмещения расходов на его исправление [1];\n"


def answer(characters: int) -> str:
    """Headings, paragraphs and lists, as models write them."""
    text = ""
    while len(text) < characters:
        part = f"### Часть {len(text) // HEADINGS_EVERY + 1}\n\n{SENTENCE * 4}\n\n{ITEM * 4}\n"
        text += part
    return text[:characters]


class Hop:
    """The application: one run is ours, everything else is the real server's."""

    def __init__(self, real: str, characters: int, rate: float) -> None:
        self._real = real
        self._text = answer(characters)
        self._rate = rate
        self._size = max(1, characters // max(1, int(rate * 20)))  # the whole in 20 s

    def application(self) -> web.Application:
        application = web.Application()
        application.router.add_get(f"/v1/responses/{RUN}", self.stream)
        application.router.add_get(f"/api/v1/responses/{RUN}", self.snapshot)
        application.router.add_get(f"/api/v1/conversations/{CONVERSATION}", self.conversation)
        application.router.add_route("*", "/{path:.*}", self.passed_on)
        return application

    async def stream(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        loop = asyncio.get_running_loop()
        begun = loop.time()
        pieces = [self._text[at : at + self._size] for at in range(0, len(self._text), self._size)]
        for number, piece in enumerate(pieces):
            await asyncio.sleep(max(0.0, begun + number / self._rate - loop.time()))
            await response.write(_event("response.output_text.delta", number + 1, item_id=ANSWER, delta=piece))
        ended = {"id": RUN, "status": "completed", "usage": {"input_tokens": 1, "output_tokens": len(pieces)}}
        await response.write(_event("response.completed", len(pieces) + 1, response=ended))
        return response

    async def snapshot(self, _: web.Request) -> web.Response:
        now = time.time()
        facts: dict[str, Any] = dict.fromkeys(
            ("reason", "message", "continues", "citations", "stage", "plan", "finished_at", "feedback")
        )
        facts |= {"id": RUN, "status": "in_progress", "question": "Вопрос", "conversation": CONVERSATION, "text": ""}
        facts |= {"sources": [SOURCE], "summary": False, "notices": [], "input_tokens": 0, "output_tokens": 0}
        facts |= {"created_at": now, "started_at": now, "first_text_at": now, "now": now}
        return web.json_response(facts | {"can_continue": False, "last_seq": 0}, dumps=_json)

    async def conversation(self, _: web.Request) -> web.Response:
        now = time.time()
        run = {"id": RUN, "status": "in_progress", "reason": None, "message": None}
        messages = [
            {"id": QUESTION, "parent": None, "role": "user", "text": "Вопрос", "run": None, "created_at": now},
            {"id": ANSWER, "parent": QUESTION, "role": "assistant", "text": "", "run": run, "created_at": now},
        ]
        facts = {"id": CONVERSATION, "title": "Вопрос", "leaf": ANSWER, "metadata": {}, "created_at": now}
        return web.json_response(
            facts | {"updated_at": now, "running": True, "snippet": None, "messages": messages}, dumps=_json
        )

    async def passed_on(self, request: web.Request) -> web.Response:
        async with ClientSession(auto_decompress=False) as session:
            headers = {"Accept-Encoding": request.headers.get("Accept-Encoding", "")}
            async with session.get(self._real + request.path_qs, headers=headers) as real:
                kept = {name: real.headers[name] for name in KEPT if name in real.headers}
                return web.Response(status=real.status, body=await real.read(), headers=kept)


KEPT = ("Content-Type", "Content-Encoding", "Cache-Control", "Content-Security-Policy")
SOURCE = {
    "n": 1,
    "act": "zozpp",
    "act_title": "Закон РФ «О защите прав потребителей»",
    "article": "18",
    "title": "Права потребителя при обнаружении в товаре недостатков",
    "address": "ru/zozpp@2023-08-04/st18",
    "edition_date": "2023-08-04",
    "score": 1.0,
    "summary": False,
    "excerpt": "",
}


def _event(kind: str, number: int, **fields: Any) -> bytes:
    body = orjson.dumps({"type": kind, "sequence_number": number, **fields})
    return b"id: %d\nevent: %b\ndata: %b\n\n" % (number, kind.encode(), body)


def _json(value: object) -> str:
    return orjson.dumps(value).decode()


async def serve(real: str, characters: int, rate: float) -> None:
    runner = web.AppRunner(Hop(real, characters, rate).application())
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(f"http://127.0.0.1:{runner.addresses[0][1]}", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("real")
    parser.add_argument("--characters", type=int, required=True)
    parser.add_argument("--rate", type=float, required=True)
    given = parser.parse_args(sys.argv[1:])
    asyncio.run(serve(given.real, given.characters, given.rate))
