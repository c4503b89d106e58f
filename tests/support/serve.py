"""Runs the real application on a free port of the loopback interface and prints its address."""

from __future__ import annotations

import socket
import sys

import uvicorn

from advakod.app import create_app
from advakod.settings import load_settings


def main() -> None:
    settings = load_settings(port=int(sys.argv[1]))
    with socket.create_server(("127.0.0.1", settings.port)) as listening:
        print(f"http://127.0.0.1:{listening.getsockname()[1]}", flush=True)
        config = uvicorn.Config(
            create_app(settings),
            log_level="warning",
            ws="websockets-sansio",
            ws_ping_interval=settings.heartbeat,
            ws_ping_timeout=settings.time.client_silence,
            ws_per_message_deflate=False,
            ws_max_size=1 << 20,
            timeout_graceful_shutdown=1,
        )
        uvicorn.Server(config).run(sockets=[listening])


if __name__ == "__main__":
    main()
