"""The child process: `python -P host.py JSON`, or `… --exec PROGRAM ARGUMENT…`, or `… --devices`.

JSON is parameters of llama.cpp by their dotted names. The first `{"url": …}` on stdout tells the address;
it may come before the model is loaded: only a 200 of /health means that it is. The API key comes in the
environment (LLAMA_API_KEY), where other users of the machine do not see it. `--exec` runs another program under the
same terms: on Linux by becoming it, elsewhere by watching over it. The process ends with its parent, however that ends,
and with SIGTERM at any moment: it has nothing to save.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

KEY = "LLAMA_API_KEY"
PARENT = "ADVAKOD_PARENT"  # its process id
PR_SET_PDEATHSIG = 1  # linux/prctl.h


def main(arguments: Sequence[str]) -> None:
    """What the command line says; returns only from `--devices`."""
    if arguments[0] == "--devices":
        print(json.dumps(devices()), flush=True)  # noqa: T201  # the parent reads it
        return
    ordered = die_by_order()
    if os.environ.get(PARENT, str(os.getppid())) != str(os.getppid()):  # the parent has died already
        os._exit(1)
    if arguments[0] != "--exec":
        if not ordered:
            threading.Thread(target=_outlive_stdin, args=(None,), daemon=True).start()
        serve(json.loads(arguments[0]))
    elif ordered:
        os.execv(arguments[1], [*arguments[1:]])  # noqa: S606  # the administrator named it
    else:
        watch(arguments[1:])


def die_by_order() -> bool:
    """Ask the kernel to end this process with its parent, which survives an exec. False: it knows no such order."""
    if sys.platform != "linux":
        return False
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    return True


def watch(arguments: Sequence[str]) -> None:
    """Run a program as long as somebody holds our stdin open; end as it ends."""
    program = subprocess.Popen(arguments, stdin=subprocess.DEVNULL)  # noqa: S603  # the administrator named it
    threading.Thread(target=_outlive_stdin, args=(program,), daemon=True).start()
    code = program.wait()
    if code < 0:  # by a signal, which tells why
        with suppress(OSError):  # SIGKILL cannot be arranged, and need not
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    sys.exit(code)


def _outlive_stdin(program: subprocess.Popen[bytes] | None) -> None:
    """Our parent holds it open, and when it is gone the kernel closes it."""
    sys.stdin.buffer.read()
    if program is not None:
        program.kill()
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
