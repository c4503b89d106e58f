"""How llama.cpp's server is started: by the package xllamacpp, or the binary that VISTRAL_LLAMA_SERVER names.

What every llama-server of the last years knows goes by option; the rest by environment, because an option that a
binary does not know ends it, and a variable does not. So does the API key, which others could read in an option.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import math
import os
import re
import secrets
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import psutil

from ...settings import Settings
from . import cgroups
from .errors import LlamaServerError
from .gguf import ModelFile
from .host import KEY, PARENT

PORT = "{port}"  # in argv, where the supervisor puts a free one
HOST = "127.0.0.1"
# By its path: as a module it would first import the whole package. -P: the folder's http.py is not Python's own.
CHILD = (sys.executable, "-P", str(Path(__file__).with_name("host.py")))
BATCH = 64  # tokens; a cancelled reader leaves its slot at the next batch, 26 s away at 2.5 tokens/s
BATCH_GPU = 512  # which a GPU reads in a moment
SHELF = 512  # MiB of prompts set aside in main memory; llama.cpp's own default of 8 GiB is not ours to take
SLOTS_GPU = 4
MOST_SLOTS = 256  # llama.cpp's own bound (LLAMA_MAX_SEQ): with more it does not load
ANY_TEMPLATE = "chatml"  # every llama.cpp has it
PING = 5  # seconds between signs of life while a prompt is read
ASKED = 60.0  # seconds for a binary to tell its version or devices; a GPU's driver may be slow to wake
VERSION = re.compile(r"^version:\s*(.+)$", re.MULTILINE)
ADVICE_GPU = (
    "Соберите или скачайте llama-server с поддержкой вашей видеокарты (CUDA, ROCm, Vulkan, Metal) и укажите его "
    "в VISTRAL_LLAMA_SERVER, либо задайте VISTRAL_N_GPU_LAYERS=0."
)


@dataclass(frozen=True, slots=True)
class Launch:
    """One way to start the child, again and again."""

    argv: tuple[str, ...]
    env: Mapping[str, str] = field(repr=False)  # the whole environment; holds the key
    key: str = field(repr=False)
    server: str  # «xllamacpp 2026.10.11549», or what the binary says of its version
    slots: int
    n_ctx: int  # of one slot
    threads: int
    log: Path

    @property
    def announces(self) -> bool:
        """The child tells its address itself."""
        return PORT not in self.argv

    def templated(self) -> Launch:
        """The same with a chat template that loads, for a model whose own does not. It is there to be loaded only."""
        if not self.announces:
            return replace(self, argv=(*self.argv, "--chat-template", ANY_TEMPLATE))
        *host, parameters = self.argv
        return replace(self, argv=(*host, json.dumps(json.loads(parameters) | {"chat_template": ANY_TEMPLATE})))


def slots_of(settings: Settings) -> int:
    """Texts written at once: as many as set, else as this hardware is good for."""
    return min(MOST_SLOTS, settings.max_concurrency or (SLOTS_GPU if settings.n_gpu_layers else 1))


def context_of(settings: Settings, model: ModelFile) -> int:
    """Tokens that one text may have: no more than the model was trained on, where llama.cpp's server ends it anyway."""
    return min(settings.n_ctx, model.n_ctx_train or settings.n_ctx)


def batch_of(settings: Settings) -> int:
    return BATCH_GPU if settings.n_gpu_layers else BATCH


def threads_of(settings: Settings) -> int:
    """Physical cores: twins of one core share what multiplies. Never more than this process may run on."""
    if settings.n_threads:
        return settings.n_threads
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = math.ceil(cgroups.cores() or allowed)
    return max(1, min(psutil.cpu_count(logical=False) or allowed, allowed, quota))


def command(settings: Settings, model: ModelFile) -> Launch:
    """How to start the child. Runs the binary to ask what it is. Raises LlamaServerError with what to install."""
    program = settings.llama_server and _program(settings.llama_server)
    server = _version(program) if program else _package()
    if settings.n_gpu_layers:
        _check_gpu(program)
    argv = ["--exec", program, *_options(settings, model)] if program else [json.dumps(_parameters(settings, model))]
    key = secrets.token_urlsafe(24)
    return Launch(
        argv=(*CHILD, *argv),
        env=_environment(key),
        key=key,
        server=server,
        slots=slots_of(settings),
        n_ctx=context_of(settings, model),
        threads=threads_of(settings),
        log=settings.data_dir / "engine" / "llama.log",
    )


def _environment(key: str) -> dict[str, str]:
    """GOMP_SPINCOUNT: threads that spin while a neighbour wants the core take generation from 108 to 12 tokens/s."""
    kept = {name: value for name, value in os.environ.items() if not name.upper().startswith("ADVAKOD_")}
    return kept | {
        KEY: key,
        PARENT: str(os.getpid()),
        "GOMP_SPINCOUNT": "1000",
        "LLAMA_ARG_CACHE_RAM": str(SHELF),
        "LLAMA_ARG_CORS_ORIGINS": "localhost",
        "LLAMA_ARG_SSE_PING_INTERVAL": str(PING),
        "LLAMA_ARG_FIT": "off",  # what is set is meant
        "LLAMA_ARG_KV_UNIFIED": "0",  # each slot has the context that was promised
        "LLAMA_ARG_LOG_COLORS": "off",
    }


def _parameters(settings: Settings, model: ModelFile) -> dict[str, object]:
    """For our host; `n_ctx` is split over the slots."""
    threads, batch = threads_of(settings), batch_of(settings)
    return {
        "model.path": str(model.path.absolute()),
        "port": 0,
        "hostnames": [HOST],
        "n_ctx": context_of(settings, model) * slots_of(settings),
        "n_parallel": slots_of(settings),
        "kv_unified": False,
        "n_batch": batch,
        "n_ubatch": batch,
        "n_gpu_layers": settings.n_gpu_layers,
        "fit_params": False,
        "cpuparams.n_threads": threads,
        "cpuparams_batch.n_threads": threads,
        "cache_ram_mib": SHELF,
        "sse_ping_interval": PING,
        "ui": False,
        "cors_origins": "localhost",
        "endpoint_metrics": True,
        "endpoint_slots": True,
    }


def _options(settings: Settings, model: ModelFile) -> Sequence[str]:
    """The same for a llama-server."""
    threads, batch, slots = str(threads_of(settings)), str(batch_of(settings)), slots_of(settings)
    return (
        *("--model", str(model.path.absolute())),
        *("--host", HOST, "--port", PORT),
        *("--ctx-size", str(context_of(settings, model) * slots), "--parallel", str(slots)),
        *("--batch-size", batch, "--ubatch-size", batch),
        *("--n-gpu-layers", str(settings.n_gpu_layers)),
        *("--threads", threads, "--threads-batch", threads),
        *("--metrics", "--slots", "--jinja", "--no-webui"),
    )


# -- what there is --------------------------------------------------------------------------------


def _package() -> str:
    if importlib.util.find_spec("xllamacpp") is None:
        raise LlamaServerError(
            "xllamacpp is not installed",
            reason="не установлен пакет xllamacpp. Выполните: pip install 'advakod[llama]'. Там, где его нет "
            "(ARM, старый процессор), укажите программу llama-server в VISTRAL_LLAMA_SERVER.",
        )
    return f"xllamacpp {importlib.metadata.version('xllamacpp')}"


def _program(named: str) -> str:
    """A path, or a name to be found on PATH."""
    if (found := shutil.which(named)) is None:
        raise LlamaServerError(
            f"no program {named}",
            reason=f"VISTRAL_LLAMA_SERVER={named}: такой программы нет, или её нельзя выполнять.",
        )
    return str(Path(found).absolute())


def _version(program: str) -> str:
    told = _ask([program, "--version"])
    if (version := VERSION.search(told)) is None:
        raise LlamaServerError(
            f"{program} --version: {told[:500]}",
            reason=f"VISTRAL_LLAMA_SERVER={program} не похож на llama-server: на «--version» он не назвал версию.",
        )
    return f"llama-server {version[1].strip()}"


def _check_gpu(program: str) -> None:
    """Layers on a GPU that this build cannot use would silently stay on the CPU."""
    if program:
        _, _, told = _ask([program, "--list-devices"]).partition("Available devices:")
        found = [line for line in told.splitlines() if re.match(r"\s+\S+: ", line)]
        what = f"VISTRAL_LLAMA_SERVER={program} не видит видеокарты"
    else:
        told = _ask([*CHILD, "--devices"])
        found = [device["name"] for device in _devices(told) if "_TYPE_CPU" not in device["type"]]
        what = "пакет xllamacpp собран без поддержки видеокарт или не видит ни одной"
    if not found:
        raise LlamaServerError(f"no GPU: {told[:500]}", reason=f"VISTRAL_N_GPU_LAYERS задан, но {what}. {ADVICE_GPU}")


def _devices(told: str) -> list[dict[str, str]]:
    lines = [line for line in told.splitlines() if line.startswith("[{")]
    return list(json.loads(lines[-1])) if lines else []


def _ask(argv: Sequence[str]) -> str:
    """Everything a program says before it ends; what could not be run says why."""
    try:
        done = subprocess.run(  # noqa: S603  # the administrator named it
            argv, capture_output=True, text=True, errors="replace", timeout=ASKED, stdin=subprocess.DEVNULL, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return done.stdout + done.stderr
