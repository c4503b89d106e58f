"""An OpenAI-compatible server whose first token is the moment at which it is written.

`python -m benchmarks.latency.upstream` prints its URL. The token is this machine's CLOCK_MONOTONIC in
nanoseconds, the same for every process; it comes after THINKING, when the server before it is idle again.
"""

from __future__ import annotations

import asyncio
import time

import orjson
import uvloop
from aiohttp import web

THINKING = 0.05  # seconds before the first token
WORDS = [f"слово{n} " for n in range(10)]


def chunk(content: str | None, finish: str | None = None) -> bytes:
    delta = {} if content is None else {"content": content}
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    facts = {"id": "chatcmpl-0", "object": "chat.completion.chunk", "created": 1, "model": "stamp", "choices": [choice]}
    return b"data: " + orjson.dumps(facts) + b"\n\n"


async def answer(request: web.Request) -> web.StreamResponse:
    body = await request.json()
    if not body.get("stream"):  # the probe for continuation
        return web.json_response({"choices": [{"index": 0, "message": {"role": "assistant", "content": "нет"}}]})
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    await asyncio.sleep(THINKING)
    await response.write(chunk(f"{time.monotonic_ns()} "))
    await asyncio.sleep(THINKING)
    await response.write(b"".join([*map(chunk, WORDS), chunk(None, "stop"), b"data: [DONE]\n\n"]))
    return response


async def models(_: web.Request) -> web.Response:
    return web.json_response({"object": "list", "data": [{"id": "stamp", "object": "model"}]})


async def serve() -> None:
    app = web.Application()
    app.router.add_post("/v1/chat/completions", answer)
    app.router.add_get("/v1/models", models)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print("http://{}:{}".format(*runner.addresses[0][:2]), flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(serve())
