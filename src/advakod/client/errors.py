"""What a client can meet.

ClientError
├── ServerUnreachableError   nobody answers, or the stream broke and could not be had again in time
└── ServerRefusedError       the server's own error: its code, its Russian sentence, the HTTP status
"""

from __future__ import annotations

from ..errors import AdvakodError


class ClientError(AdvakodError):
    """The server could not be used."""

    code = "client_error"
    user_message = "Сервер не смог выполнить запрос."


class ServerUnreachableError(ClientError):
    """The server does not answer."""

    code = "server_unreachable"
    user_message = "Сервер {url} не отвечает. Проверьте адрес и что он запущен."


class ServerRefusedError(ClientError):
    """The server answered with an error."""

    code = "server_refused"
    user_message = "Сервер ответил ошибкой."

    def __init__(self, status: int, server_code: str = "", sentence: str = "", param: str | None = None) -> None:
        super().__init__(
            f"HTTP {status} {server_code}: {sentence}",
            message=sentence or f"Сервер ответил ошибкой HTTP {status}.",
            param=param,
        )
        self.status = status
        self.server_code = server_code
