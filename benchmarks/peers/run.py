"""LiteLLM's proxy beside us: CPU a token of each before the same upstream, in the same run.

By hand, not in CI: the first time it installs `litellm[proxy]` into an environment of its own under build/,
several hundred megabytes. The tokens are all distinct, since LiteLLM aborts on 100 equal chunks. LiteLLM has one
worker, no key, no database and no logging, so it does less than we do: nothing it sends is stored.
"""

from __future__ import annotations

import argparse
import asyncio
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.client import ask, chat, together
from benchmarks.harness import ROOT, Figure, Report, main, middle
from benchmarks.processes import Process, process, scratch, server, upstream

VENV = ROOT / "build" / "peers" / "venv"
PYTHON = VENV / "bin" / "python"
RUNS, TOKENS = 50, 200
TIMES_LESS = 40.0
CONFIG = """\
model_list:
  - model_name: fake
    litellm_params: {{model: openai/fake-model, api_base: "{url}/v1", api_key: none}}
"""
QUIET = {
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",  # no look at the network for prices
    "LITELLM_DANGEROUSLY_PERMIT_WEAK_OR_UNSET_MASTER_KEY": "true",  # on loopback; spares it the check of a key
}
VERSION = "import importlib.metadata as m; print(m.version('litellm'))"


def install() -> str:
    """LiteLLM's version; installed if it is not there."""
    uv = [str(Path(sys.executable).with_name("uv"))]
    if not (VENV / "bin" / "litellm").exists():
        print("installing litellm[proxy] (some minutes)", file=sys.stderr)
        subprocess.run([*uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(VENV)], check=True)
        subprocess.run([*uv, "pip", "install", "--quiet", "--python", str(PYTHON), "litellm[proxy]"], check=True)
    return subprocess.run([str(PYTHON), "-c", VERSION], capture_output=True, text=True, check=True).stdout.strip()


@contextmanager
def litellm(folder: Path, upstream_url: str) -> Iterator[Process]:
    config = folder / "litellm.yaml"
    config.write_text(CONFIG.format(url=upstream_url))
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = str(probe.getsockname()[1])
    options = [
        "--config",
        str(config),
        "--host",
        "127.0.0.1",
        "--port",
        port,
        "--num_workers",
        "1",
        "--telemetry",
        "False",
    ]
    with process([str(VENV / "bin" / "litellm"), *options], r"Uvicorn running on (http://[\d.:]+)", QUIET) as running:
        yield running


async def rounds_of(model: Process, peer: Process, advakod: Process, rounds: int) -> list[Figure]:
    """Medians over rounds in which all take turns."""
    asked = {"raw": (chat, model), "litellm": (chat, peer), "ours": (ask, advakod), "chat": (ours_by_chat, advakod)}
    for asking, measured in asked.values():
        await together(asking, measured.url, 10, measured)
    taken: dict[str, list[float]] = {name: [] for name in asked}
    walls: dict[str, list[float]] = {name: [] for name in asked}
    for _ in range(rounds):
        for name, (asking, measured) in asked.items():
            spent = await together(asking, measured.url, RUNS, measured)
            taken[name].append(spent.cpu / RUNS / TOKENS * 1e6)
            walls[name].append(spent.wall)
    cpu = {name: middle(values) for name, values in taken.items()}
    wall = {name: middle(values) for name, values in walls.items()}
    ratios = [theirs / mine for theirs, mine in zip(taken["litellm"], taken["ours"], strict=True)]
    return [
        Figure("LiteLLM: CPU a token", cpu["litellm"], "µs"),
        Figure("ours, durable (/v1/responses): CPU a token", cpu["ours"], "µs"),
        Figure("times less CPU than LiteLLM", middle(ratios), "×", least=TIMES_LESS),
        Figure("ours, /v1/chat/completions: CPU a token", cpu["chat"], "µs"),
        Figure("times less CPU than LiteLLM, same protocol", cpu["litellm"] / cpu["chat"], "×"),
        Figure("raw upstream's own CPU a token", cpu["raw"], "µs"),
        Figure("LiteLLM: tokens", RUNS * TOKENS / wall["litellm"], "a second"),
        Figure("ours, durable: tokens", RUNS * TOKENS / wall["ours"], "a second"),
        Figure("LiteLLM: memory", peer.memory(), "MB"),
        Figure("ours: memory", advakod.memory(), "MB"),
    ]


async def ours_by_chat(url: str, question: str) -> None:
    await chat(url, question, model="advakod")


def measure(given: argparse.Namespace) -> Report:
    version = install()
    with (
        scratch() as folder,
        upstream(TOKENS) as model,
        litellm(folder, model.url) as peer,
        server(
            folder / "var",
            ADVAKOD_ENGINE="openai",
            ADVAKOD_OPENAI_BASE_URL=f"{model.url}/v1",
            VISTRAL_MAX_CONCURRENCY=str(RUNS),
        ) as advakod,
    ):
        figures = asyncio.run(rounds_of(model, peer, advakod, 2 if given.quick else given.rounds))
    notes = (
        f"LiteLLM {version}, one worker, {RUNS} runs of {TOKENS} distinct tokens at full engine speed; CPU of the "
        "whole process ÷ tokens, the question's own cost included on both sides.",
        "LiteLLM parses, checks and writes each token by itself; here tokens that arrive within one flush share an "
        "event, a row and a write. We store everything before it is sent, and search the law for each question.",
    )
    return Report("Beside LiteLLM's proxy", figures, notes)


if __name__ == "__main__":
    sys.exit(main("peers", measure, rounds=5))
