"""Why a child ended, as a Russian sentence, from the last it said and how it exited."""

from __future__ import annotations

import re
import signal

TEMPLATE = "Шаблон чата в файле модели не подходит этой версии llama.cpp; модель запускается с простым шаблоном."

# The first that matches wins: what is written last is often only a consequence.
CAUSES = (
    (r"couldn't bind|address already in use", "Порт занят другой программой."),
    (
        r"unable to allocate|failed to allocate|out of memory|bad_alloc|cannot allocate memory|cudamalloc failed",
        "Модели не хватило памяти. Возьмите меньшую квантизацию, уменьшите VISTRAL_N_CTX или VISTRAL_N_GPU_LAYERS.",
    ),
    (r"chat template parsing error|failed to initialize chat template", TEMPLATE),
    (
        r"unknown (?:model )?architecture",
        "Эта версия llama.cpp не знает такую модель. Обновите пакет xllamacpp или llama-server.",
    ),
    (
        r"invalid argument: \S+|unrecognized (?:option|argument)",
        "llama-server не понял параметров: он слишком старый или это другая программа.",
    ),
    (r"libgomp|error while loading shared libraries|cannot open shared object", "Не хватает системной библиотеки."),
    (r"no module named 'xllamacpp'", "Не установлен пакет xllamacpp: pip install 'advakod[llama]'."),
    (
        r"failed to load model|error loading model|unable to load model|failed to init server",
        "Модель не загрузилась: файл испорчен или не подходит этой версии llama.cpp.",
    ),
)
SIGNALS = {
    signal.SIGKILL: "Процесс модели убит системой; обычно это нехватка памяти.",
    signal.SIGILL: "Процессор не умеет команд, для которых собран llama.cpp (нужен AVX2). "
    "Соберите llama-server для этой машины и укажите его в VISTRAL_LLAMA_SERVER.",
    signal.SIGSEGV: "Процесс модели упал (SIGSEGV).",
    signal.SIGABRT: "Процесс модели прервал сам себя (SIGABRT).",
    signal.SIGBUS: "Процесс модели упал (SIGBUS): файл модели изменён или диск не читается.",
}


def why(said: str, code: int | None) -> str:
    """`code` as a subprocess gives it: negative for a signal; None: it never started."""
    lowered = said.lower()
    for pattern, sentence in CAUSES:
        if re.search(pattern, lowered):
            return sentence
    if code is not None and code < 0:
        return SIGNALS.get(signal.Signals(-code), f"Процесс модели завершён сигналом {-code}.")
    last = next((line.strip() for line in reversed(said.splitlines()) if line.strip()), "")
    told = f" Последнее, что он написал: «{last[:200]}»." if last else ""
    return f"Процесс модели завершился с кодом {code}.{told}"
