"""Whether a model fits into the memory that is free: an estimate from its header, before anything is loaded."""

from __future__ import annotations

from dataclasses import dataclass

import psutil

from . import cgroups
from .errors import ModelMemoryError
from .gguf import ModelFile

GIB = 1 << 30
MIB = 1 << 20
KV_BYTES = 2  # of a number in the KV cache: F16
# What llama.cpp keeps beside the numbers of each token of the cache: its place, its texts. Measured with contexts of 2
# thousand to 4 million tokens, 1 to 16 slots, 2 and 48 layers: 52.
CELL = 52
MASK = 4  # bytes for each token of a batch and each of its text: who sees whom. Measured: 2 and the half of it again
BASE = 256 * MIB  # of a process with llama.cpp in it, before any model; measured below 100, GPU runtimes take more
LEAST_CONTEXT = 2_048  # below it nothing useful fits: the advice is another model


@dataclass(frozen=True, slots=True)
class Memory:
    """What a model needs, in bytes of main memory."""

    weights: int
    cache: int  # KV cache of all slots
    work: int  # buffers of a batch, and the process itself
    shelf: int = 0  # prompts set aside while others are written

    @property
    def all(self) -> int:
        return self.weights + self.cache + self.work + self.shelf

    def told(self) -> str:
        """The arithmetic, in GiB."""
        parts = f"веса {_gib(self.weights)}, контекст {_gib(self.cache)}, рабочая память {_gib(self.work)}"
        return f"{parts}, запас {_gib(self.shelf)}" if self.shelf else parts


def need(model: ModelFile, n_ctx: int, slots: int, batch: int, *, n_gpu_layers: int = 0, shelf: int = 0) -> Memory:
    """For `slots` texts of `n_ctx` tokens each. Layers on a GPU need no main memory; the rest is on the safe side:
    models whose layers look back over a window only need less."""
    layers = model.layers or 1
    here = max(0.0, 1 - n_gpu_layers / (layers + 1))  # the output layer counts as one more
    cache = n_ctx * slots * (2 * KV_BYTES * model.layers * model.heads_kv * model.head_dim + CELL)
    work = BASE + 4 * batch * (model.vocabulary + 8 * model.width + 3 * model.inner) + MASK * batch * n_ctx
    return Memory(int(model.weights * here), int(cache * here), work, shelf)


def free() -> int:
    """Bytes that may be used now: what the machine has, and what our control group is allowed."""
    return min([int(psutil.virtual_memory().available), *cgroups.memory_left()])


def check(model: ModelFile, memory: Memory, available: int, *, n_ctx: int, slots: int) -> None:
    """Raises ModelMemoryError when it does not fit, with the arithmetic and what to change."""
    if memory.all <= available:
        return
    reason = f"нужно {_gib(memory.all)} ГиБ ({memory.told()}), свободно {_gib(available)} ГиБ. " + " ".join(
        _advice(memory, available, n_ctx, slots)
    )
    detail = f"{model.path}: needs {memory.all} bytes, {available} are free"
    raise ModelMemoryError(detail, reason=reason.rstrip("."), needed=memory.all, available=available)


def context_warning(model: ModelFile, n_ctx: int) -> str | None:
    """A sentence when the model was trained for shorter texts; None when it was not, or does not say."""
    if not 0 < model.n_ctx_train < n_ctx:
        return None
    return (
        f"VISTRAL_N_CTX={n_ctx}, а модель обучена на {model.n_ctx_train} токенах: "
        f"используется {model.n_ctx_train}, больше llama.cpp не даёт."
    )


def _advice(memory: Memory, available: int, n_ctx: int, slots: int) -> list[str]:
    """What would be enough; the least change first."""
    fixed = memory.all - memory.cache
    room = available - fixed  # for the KV cache
    each = memory.cache / (n_ctx * slots) if n_ctx * slots else 0.0
    if slots > 1 and 0 < (fewer := int(room // (each * n_ctx or 1))) < slots:
        return [f"Уменьшите VISTRAL_MAX_CONCURRENCY с {slots} до {fewer}."]
    if each and (shorter := int(room // each) // 256 * 256) >= min(LEAST_CONTEXT, n_ctx):
        one = " и VISTRAL_MAX_CONCURRENCY до 1" if slots > 1 else ""
        return [f"Уменьшите VISTRAL_N_CTX с {n_ctx} до {shorter}{one}."]
    return ["Возьмите модель с меньшей квантизацией (Q4_K_M, Q3_K_M) или меньшую, либо освободите память."]


def _gib(count: int) -> str:
    """Russian decimal comma."""
    return f"{count / GIB:.2f}".replace(".", ",")
