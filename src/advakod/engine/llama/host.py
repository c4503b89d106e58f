"""The child process: `python -P host.py JSON`, or `… --exec PROGRAM ARGUMENT…`, or `… --devices`.

JSON is parameters of llama.cpp by their dotted names. The first `{"url": …}` on stdout tells the address;
it may come before the model is loaded: only a 200 of /health means that it is. The API key comes in the
environment (LLAMA_API_KEY), where other users of the machine do not see it. `--exec` becomes another program under the
same terms. The process ends with its parent, however that ends, and with SIGTERM at any moment: it has nothing to save.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
import threading
from collections.abc import Mapping, Sequence
from typing import Any

KEY = "LLAMA_API_KEY"
PARENT = "ADVAKOD_PARENT"  # its process id
PR_SET_PDEATHSIG = 1  # linux/prctl.h


def main(arguments: Sequence[str]) -> None:
    """What the command line says; returns only from `--devices`."""
    if arguments[0] == "--devices":
        print(json.dumps(devices()), flush=True)  # noqa: T201  # the parent reads it
        return
    die_with_parent()
    if arguments[0] == "--exec":
        os.execv(arguments[1], [*arguments[1:]])  # noqa: S606  # the administrator named it
    serve(json.loads(arguments[0]))


def die_with_parent() -> None:
    """From now on. The order of the kernel survives an exec; on other systems a thread waits for stdin to close."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    else:
        threading.Thread(target=_outlive_stdin, daemon=True).start()
    if os.environ.get(PARENT, str(os.getppid())) != str(os.getppid()):  # it has died already
        os._exit(1)


def _outlive_stdin() -> None:
    sys.stdin.buffer.read()
    os._exit(1)


def serve(parameters: Mapping[str, Any]) -> None:
    """Serve until a signal ends the process."""
    import xllamacpp

    common = xllamacpp.CommonParams()
    for name, value in parameters.items():
        *path, leaf = name.split(".")
        part = common
        for step in path:
            part = getattr(part, step)
        setattr(part, leaf, value)
    if key := os.environ.get(KEY):
        common.api_keys = [key]
    server = xllamacpp.Server(common)
    print(json.dumps({"url": server.listening_address, "pid": os.getpid()}), flush=True)  # noqa: T201
    while True:
        signal.pause()


def devices() -> list[dict[str, str]]:
    """What this build of llama.cpp can compute on: name, and type as llama.cpp calls it."""
    import xllamacpp

    return [{"name": known["description"], "type": known["type"].name} for known in xllamacpp.get_device_info()]


if __name__ == "__main__":
    main(sys.argv[1:])
