"""A program with the command line of llama.cpp's llama-server, around our own host.

    program = llama_server(folder)             # an executable file; its options are those of the real program
    program = llama_server(folder, gpu=True)   # that says it sees a GPU

An option that it does not know ends it, as it ends the real one.
"""

from __future__ import annotations

import argparse
import json
import os
import stat
import sys
from collections.abc import Sequence
from pathlib import Path

HOST = Path(__file__).parents[2] / "src" / "advakod" / "engine" / "llama" / "host.py"
# Python's own sign of a program in a file is a line of 127 bytes on some systems; the shell has no such bound.
SCRIPT = """#!/bin/sh
exec '{python}' '{here}' {gpu} "$@"
"""
CUDA = "  CUDA0: NVIDIA GeForce RTX 4090 (24080 MiB, 23000 MiB free)"


def llama_server(folder: Path, *, gpu: bool = False) -> Path:
    """Write the program."""
    return script(
        folder / "llama-server", SCRIPT.format(python=sys.executable, here=__file__, gpu="gpu" if gpu else "cpu")
    )


def script(path: Path, text: str) -> Path:
    """An executable file."""
    path.write_text(text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def main(arguments: Sequence[str], *, gpu: bool) -> None:
    given, unknown = _parser().parse_known_args(arguments)
    if unknown:
        sys.exit(f"error: invalid argument: {unknown[0]}")
    if given.version:
        print("version: 6710 (74b8fc17)\nbuilt with cc for x86_64-linux-gnu", file=sys.stderr)
    elif given.list_devices:
        print("Available devices:" + (f"\n{CUDA}" if gpu else ""))
    else:
        os.execv(sys.executable, [sys.executable, "-P", str(HOST), json.dumps(_parameters(given))])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    for name in ("--version", "--list-devices", "--metrics", "--slots", "--jinja", "--no-webui"):
        parser.add_argument(name, action="store_true")
    for short, name in (("-m", "--model"), ("-h", "--host")):
        parser.add_argument(short, name)
    for short, name in (("-c", "--ctx-size"), ("-np", "--parallel"), ("-b", "--batch-size"), ("-ub", "--ubatch-size")):
        parser.add_argument(short, name, type=int)
    for short, name in (("-t", "--threads"), ("-tb", "--threads-batch"), ("-ngl", "--n-gpu-layers")):
        parser.add_argument(short, name, type=int)
    parser.add_argument("--chat-template", default="")
    parser.add_argument("--port", type=int, default=8080)
    return parser


def _parameters(given: argparse.Namespace) -> dict[str, object]:
    return {
        "model.path": given.model,
        "hostnames": [given.host],
        "port": given.port,
        "n_ctx": given.ctx_size,
        "n_parallel": given.parallel,
        "n_batch": given.batch_size,
        "n_ubatch": given.ubatch_size,
        "n_gpu_layers": given.n_gpu_layers,
        "cpuparams.n_threads": given.threads,
        "cpuparams_batch.n_threads": given.threads_batch,
        "chat_template": given.chat_template,
        "cache_ram_mib": 64,
        "endpoint_metrics": given.metrics,
        "endpoint_slots": given.slots,
        "ui": not given.no_webui,
    }


if __name__ == "__main__":
    main(sys.argv[2:], gpu=sys.argv[1] == "gpu")
