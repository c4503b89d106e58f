"""Server CPU a token: N concurrent durable runs at full engine speed, beside the raw upstream in the same run.

    python -m benchmarks.streams.run [--runs 50 200] [--tokens 200]
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.harness import Connection, Process, now, report, server, upstream

END = b"response.completed\n"  # its `event:` line


async def ours(url: str, question: str) -> None:
    async with Connection(url) as connection:
        connection.send("POST", "/v1/responses", {"model": "advakod", "input": question, "stream": True})
        await connection.until(END)
        await connection.until(b"\n\n")


async def raw(url: str, question: str) -> None:
    async with Connection(url) as connection:
        body = {"model": "fake", "stream": True, "messages": [{"role": "user", "content": question}]}
        connection.send("POST", "/v1/chat/completions", body)
        await connection.until(b"[DONE]")


async def together(ask: Any, url: str, runs: int, measured: Process) -> tuple[float, float]:
    """(seconds of CPU of `measured`, seconds of wall time) for all runs at once."""
    cpu, begun = measured.cpu(), now()
    await asyncio.gather(*(ask(url, f"Вопрос {n}: что делать?") for n in range(runs)))
    return measured.cpu() - cpu, now() - begun


async def measure(runs: int, tokens: int, rounds: int) -> dict[str, Any]:
    with (
        upstream("--tokens", str(tokens), "--rate", "0") as model,
        tempfile.TemporaryDirectory() as folder,
        server(
            Path(folder),
            ADVAKOD_ENGINE="openai",
            ADVAKOD_OPENAI_BASE_URL=f"{model.url}/v1",
            VISTRAL_MAX_CONCURRENCY=str(runs),
        ) as advakod,
    ):
        await together(ours, advakod.url, 5, advakod)  # warm-up: index, imports, prefill probe
        rows = []
        for _ in range(rounds):
            raw_cpu, raw_wall = await together(raw, model.url, runs, model)
            cpu, wall = await together(ours, advakod.url, runs, advakod)
            rows.append((cpu, wall, raw_cpu, raw_wall))
        cpu, wall, raw_cpu, raw_wall = sorted(rows)[len(rows) // 2]
        count = runs * tokens
        return {
            "runs": runs,
            "tokens_per_run": tokens,
            "server_cpu_us_per_token": round(cpu / count * 1e6, 1),
            "server_cpu_ms_per_run": round(cpu / runs * 1e3, 2),
            "tokens_per_second": round(count / wall),
            "upstream_cpu_us_per_token": round(raw_cpu / count * 1e6, 1),
            "raw_upstream_tokens_per_second": round(count / raw_wall),
            "server_rss_mib": round(advakod.rss()),
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, nargs="+", default=[50, 200])
    parser.add_argument("--tokens", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    figures = [asyncio.run(measure(runs, options.tokens, options.rounds)) for runs in options.runs]
    report("Concurrent durable runs (target: at most 20 µs of server CPU a token)", {"streams": figures})


if __name__ == "__main__":
    main()
