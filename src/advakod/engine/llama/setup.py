"""What is known before the child is started: the model, the machine, and whether the one fits into the other."""

from __future__ import annotations

import hashlib
import logging
import os
import platform
from dataclasses import dataclass
from pathlib import Path

from ...settings import Settings
from . import fit, launch
from .errors import ModelFileError
from .gguf import ModelFile, read_header
from .launch import Launch

logger = logging.getLogger(__name__)

CPUINFO = Path("/proc/cpuinfo")


@dataclass(frozen=True, slots=True)
class Setup:
    """One model and one way to run it."""

    model: ModelFile
    launch: Launch
    machine: str  # the same for the same model, processor, threads, GPU layers and server: speeds are comparable
    fingerprint: str  # tokens are comparable under the same one
    shelf: int  # tokens of prompts that the child keeps beside its slots
    speed_file: Path
    facts: dict[str, object]  # for operators


def prepare(settings: Settings) -> Setup:
    """Reads the file's header and asks the machine; blocks. Raises SettingsError with what to change."""
    if settings.model_path is None:
        raise ModelFileError("VISTRAL_MODEL_PATH is not set", message="Укажите файл модели в VISTRAL_MODEL_PATH.")
    model = read_header(settings.model_path)
    started = launch.command(settings, model)
    shelf = launch.SHELF * fit.MIB
    memory = fit.need(
        model,
        started.n_ctx,
        started.slots,
        launch.batch_of(settings),
        n_gpu_layers=settings.n_gpu_layers,
        shelf=shelf,
    )
    fit.check(model, memory, fit.free(), n_ctx=started.n_ctx, slots=started.slots)
    token = fit.need(model, 1, 1, 0).cache  # bytes
    return Setup(
        model=model,
        launch=started,
        machine=_digest(model.fingerprint, processor(), started.threads, settings.n_gpu_layers, started.server),
        fingerprint="llama:" + _digest(model.fingerprint, model.chat_template, started.server),
        shelf=shelf // token if token else 0,
        speed_file=settings.data_dir / "engine" / "speed.json",
        facts=_facts(model, settings, started),
    )


def processor() -> str:
    """Its name, as far as the system tells."""
    try:
        lines = CPUINFO.read_text(errors="replace").splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor() or platform.machine()) + f" x{os.cpu_count()}"


def _facts(model: ModelFile, settings: Settings, started: Launch) -> dict[str, object]:
    facts: dict[str, object] = {
        "file": model.path.name,
        "parameters": model.parameters,
        "quantisation": model.quantisation,
        "slots": started.slots,
        "threads": started.threads,
    }
    if (warning := fit.context_warning(model, settings.n_ctx)) is not None:
        logger.warning("%s", warning)
        facts["warning"] = warning
    return facts


def _digest(*facts: object) -> str:
    return hashlib.sha256("\n".join(map(str, facts)).encode()).hexdigest()[:16]
