"""The one settings object. `TimeBudget` derives every other time from D and H (DESIGN §6).

Values come from the environment, else from the file named by `ADVAKOD_ENV_FILE` (default: `.env` in the
working directory), else from the default here. Every variable has its row in docs/reference/settings.md.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, fields
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from pydantic import AliasChoices, Field, PrivateAttr, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, DotEnvSettingsSource, SettingsConfigDict

from .errors import SettingsError, complaint

MASK = "***"
# What follows `user:` up to the last @ of a URL's authority, and a password in its query.
_SECRET_IN_URL = re.compile(
    r"(://[^:/@\s]*:)[^\s]*(?=@)|([?&](?:password|passwd|token|key|api_key)=)[^&\s]*", re.IGNORECASE
)


class EngineKind(StrEnum):
    """What writes the text."""

    EXTRACTIVE = "extractive"
    LLAMA = "llama"
    OPENAI = "openai"
    SCRIPTED = "scripted"


class Prefill(StrEnum):
    """How an OpenAI-compatible server is asked to go on with a text."""

    AUTO = "auto"
    CONTINUE_FINAL_MESSAGE = "continue_final_message"  # vLLM, SGLang
    ASSISTANT = "assistant"  # llama-server, Ollama: a last message of the assistant
    NONE = "none"


class Origin(StrEnum):
    """Where a value came from; the first of these that gives one wins."""

    OPTION = "option"  # of the command line
    ENVIRONMENT = "environment"
    ENV_FILE = "env_file"
    DEFAULT = "default"


def _env(name: str, default: Any, **constraints: Any) -> Any:
    return Field(default, validation_alias=AliasChoices(name), **constraints)


class Settings(BaseSettings):
    """Everything that can be set. Units: seconds unless the description says otherwise."""

    model_config = SettingsConfigDict(extra="ignore", frozen=True, env_file_encoding="utf-8")
    _origins: dict[str, Origin] = PrivateAttr(default_factory=dict)  # by variable; load_settings notes them

    # -- where ------------------------------------------------------------------------------------
    data_dir: Path = _env("ADVAKOD_DATA_DIR", Path("var"), description="Folder of all state.")
    database_url: str = _env(
        "ADVAKOD_DATABASE_URL",
        "",
        description="Empty: SQLite in the data folder. PostgreSQL: postgresql://user@host/name.",
    )
    host: str = _env("ADVAKOD_HOST", "127.0.0.1", description="Address to bind.")
    port: int = _env("ADVAKOD_PORT", 8000, ge=0, le=65535, description="Port to bind; 0 takes a free one.")
    public_url: str = _env(
        "ADVAKOD_PUBLIC_URL", "", description="The address people open, when a proxy stands before the server."
    )
    log_level: str = _env(
        "ADVAKOD_LOG_LEVEL", "info", pattern="^(debug|info|warning|error)$", description="How much is logged."
    )

    # -- time (DESIGN §6) -------------------------------------------------------------------------
    inference_timeout: float = _env(
        "VISTRAL_INFERENCE_TIMEOUT",
        900.0,
        gt=0,
        le=86_400,
        description="D: a run's budget of writing time, over all attempts.",
    )
    heartbeat: float = _env("ADVAKOD_HEARTBEAT", 15.0, gt=0, le=60, description="H: no stream is silent for longer.")
    queue_timeout: float | None = _env(
        "ADVAKOD_QUEUE_TIMEOUT", None, gt=0, description="Longest wait in the queue. Default D."
    )
    first_token_timeout: float | None = _env(
        "ADVAKOD_FIRST_TOKEN_TIMEOUT", None, gt=0, description="Longest wait for the engine's first word. Default D."
    )
    stall_timeout: float | None = _env(
        "ADVAKOD_STALL_TIMEOUT",
        None,
        gt=0,
        description="Longest silence of the engine between two words. Default: the lesser of D and 300.",
    )
    event_retention: float = _env(
        "ADVAKOD_EVENT_RETENTION", 3_600.0, ge=0, description="A finished run's events are packed after this long."
    )

    # -- load -------------------------------------------------------------------------------------
    max_concurrency: int = _env(
        "VISTRAL_MAX_CONCURRENCY",
        0,
        ge=0,
        le=10_000,
        description="Runs written at once by this server. 0: as the engine suggests.",
    )
    queue_limit: int = _env("ADVAKOD_QUEUE_LIMIT", 1_000, ge=1, description="Waiting runs before 503.")
    runs_per_key: int = _env(
        "ADVAKOD_RUNS_PER_KEY",
        20,
        ge=1,
        description="Unfinished runs of one key before 429. Local use without a key is not limited.",
    )
    max_question: int = _env(
        "ADVAKOD_MAX_QUESTION", 20_000, ge=1, le=1_000_000, description="Longest question, in characters."
    )

    # -- doors ------------------------------------------------------------------------------------
    api_keys: str = _env(
        "ADVAKOD_API_KEYS", "", description="name:role:sha256, separated by commas; `advakod key new` prints one."
    )
    session_lifetime: float = _env(
        "ADVAKOD_SESSION_LIFETIME",
        2_592_000.0,
        gt=0,
        le=34_560_000,  # 400 days: browsers keep no cookie longer
        description="How long a sign-in of the page lasts.",
    )

    # -- search -----------------------------------------------------------------------------------
    sources: int = _env("ADVAKOD_SOURCES", 6, ge=1, le=30, description="Provisions given to the engine.")
    edition_warn_days: int = _env(
        "ADVAKOD_EDITION_WARN", 90, ge=0, description="An edition older than this many days is marked as old."
    )

    # -- engines ----------------------------------------------------------------------------------
    engine: EngineKind = _env(
        "ADVAKOD_ENGINE",
        EngineKind.EXTRACTIVE,
        description="extractive, llama, openai or scripted. Not set: llama when VISTRAL_MODEL_PATH is.",
    )
    model_path: Path | None = _env("VISTRAL_MODEL_PATH", None, description="GGUF file of the llama engine.")
    llama_server: str = _env(
        "VISTRAL_LLAMA_SERVER", "", description="A llama-server binary; empty: the package xllamacpp (CPU only)."
    )
    n_ctx: int = _env(
        "VISTRAL_N_CTX", 8_192, ge=512, le=1_048_576, description="Tokens that one text may have, prompt and answer."
    )
    n_threads: int = _env("VISTRAL_N_THREADS", 0, ge=0, le=1_024, description="0: the machine's physical cores.")
    n_gpu_layers: int = _env(
        "VISTRAL_N_GPU_LAYERS", 0, ge=0, le=10_000, description="Layers on the GPU; needs a llama-server built for it."
    )
    script: Path | None = _env("ADVAKOD_SCRIPT", None, description="TOML file of the scripted engine.")
    openai_base_url: str = _env(
        "ADVAKOD_OPENAI_BASE_URL",
        "http://127.0.0.1:8080/v1",
        description="Address of an OpenAI-compatible server; or several, separated by commas, the first first.",
    )
    openai_api_key: SecretStr = _env("ADVAKOD_OPENAI_API_KEY", SecretStr(""), description="Its key.")
    openai_model: str = _env("ADVAKOD_OPENAI_MODEL", "", description="Model name; empty takes the server's first.")
    openai_prefill: Prefill = _env(
        "ADVAKOD_OPENAI_PREFILL", Prefill.AUTO, description="auto, continue_final_message, assistant or none."
    )
    embeddings_url: str = _env(
        "ADVAKOD_EMBEDDINGS_URL", "", description="Address of a server that makes embeddings, …/v1."
    )
    embeddings_model: str = _env("ADVAKOD_EMBEDDINGS_MODEL", "", description="Its model; empty: its only one.")
    embeddings_key: SecretStr = _env("ADVAKOD_EMBEDDINGS_KEY", SecretStr(""), description="Its key.")
    rerank_url: str = _env("ADVAKOD_RERANK_URL", "", description="Address of a server that reranks, …/v1.")
    rerank_model: str = _env("ADVAKOD_RERANK_MODEL", "", description="Its model; empty: its only one.")
    rerank_key: SecretStr = _env("ADVAKOD_RERANK_KEY", SecretStr(""), description="Its key.")
    temperature: float = _env("VISTRAL_TEMPERATURE", 0.2, ge=0, le=2, description="Sampling temperature.")
    top_p: float = _env("VISTRAL_TOP_P", 0.9, gt=0, le=1, description="Nucleus sampling.")
    top_k: int = _env("VISTRAL_TOP_K", 40, ge=0, le=1_000, description="Tokens to choose from; 0: all. llama only.")
    repeat_penalty: float = _env(
        "VISTRAL_REPEAT_PENALTY", 1.0, gt=0, le=2, description="1: none; law repeats its terms. llama only."
    )
    max_tokens: int = _env("VISTRAL_MAX_TOKENS", 1_024, ge=1, le=131_072, description="Longest answer, in tokens.")

    @model_validator(mode="before")
    @classmethod
    def _a_model_is_there_to_be_used(cls, given: dict[str, Any]) -> dict[str, Any]:
        if given.get("VISTRAL_MODEL_PATH") and not given.get("ADVAKOD_ENGINE"):
            return given | {"ADVAKOD_ENGINE": EngineKind.LLAMA}
        return given

    @field_validator("script", "model_path", "queue_timeout", "first_token_timeout", "stall_timeout", mode="before")
    @classmethod
    def _empty_is_unset(cls, value: object) -> object:
        return None if value == "" else value

    @model_validator(mode="after")
    def _waits_fit_the_budget(self) -> Self:
        for name, value in (
            ("ADVAKOD_QUEUE_TIMEOUT", self.queue_timeout),
            ("ADVAKOD_FIRST_TOKEN_TIMEOUT", self.first_token_timeout),
            ("ADVAKOD_STALL_TIMEOUT", self.stall_timeout),
        ):
            if value is not None and value > self.inference_timeout:
                raise ValueError(f"{name}: {value:g} больше, чем VISTRAL_INFERENCE_TIMEOUT={self.inference_timeout:g}")
        return self

    @property
    def sqlalchemy_url(self) -> str:
        """The database in force."""
        return self.database_url or f"sqlite:///{self.data_dir.absolute() / 'advakod.db'}"

    @cached_property
    def time(self) -> TimeBudget:
        return TimeBudget(
            budget=self.inference_timeout,
            heartbeat=self.heartbeat,
            queue_wait=self.queue_timeout or self.inference_timeout,
            first_token=self.first_token_timeout or self.inference_timeout,
            stall=self.stall_timeout or min(self.inference_timeout, 300.0),
        )


@dataclass(frozen=True, slots=True)
class TimeBudget:
    """Every time there is, in seconds. D and H are given; what can be computed is a property."""

    budget: float  # D: writing time of a run over all attempts; downtime does not count
    heartbeat: float  # H
    queue_wait: float  # a run that waits longer fails with queue_timeout
    first_token: float
    stall: float

    @property
    def engine_read(self) -> float:
        """Read time-out towards an engine."""
        return self.budget

    @property
    def proxy_read(self) -> float:
        """nginx's proxy_read_timeout and proxy_send_timeout."""
        return self.budget

    @property
    def client_silence(self) -> float:
        """No byte for this long: the connection is dropped. Two heartbeats may be late."""
        return 2.5 * self.heartbeat

    @property
    def reader_gone(self) -> float:
        """A run that dies with its reader has lost it. A sign of life is a commit, which a busy machine may delay."""
        return max(self.client_silence, 2.0)

    @property
    def lease(self) -> float:
        """How long a stuck worker keeps its runs; a dead one loses them at once."""
        return 2 * self.heartbeat

    @property
    def renewal(self) -> float:
        return self.heartbeat / 3

    @property
    def reaper(self) -> float:
        return self.heartbeat

    @property
    def lease_horizon(self) -> float:
        """A lease further away than this comes from a clock since set back, and counts as expired."""
        return self.lease + 5

    @property
    def liveness(self) -> float:
        """How often dead workers are looked for."""
        return min(1.0, self.heartbeat)

    @property
    def progress(self) -> float:
        """Queue position and reading progress are events at most this often."""
        return self.heartbeat / 3

    @property
    def proxy_keepalive(self) -> float:
        """nginx's upstream keepalive_timeout."""
        return 4 * self.heartbeat

    @property
    def server_keepalive(self) -> float:
        """Longer than the proxy's, else it reuses a connection that is being closed: stray 502s on POST."""
        return self.proxy_keepalive + self.heartbeat

    @property
    def shutdown(self) -> float:
        """nginx's worker_shutdown_timeout."""
        return self.budget + self.heartbeat


def load_settings(**overrides: Any) -> Settings:
    """Read the settings in force; `overrides` go by field name (the command line's options).

    Raises SettingsError with one Russian sentence that names the variable.
    """
    env_file = os.environ.get("ADVAKOD_ENV_FILE", ".env")
    given = {env_name(field): value for field, value in overrides.items() if value is not None}
    try:
        settings = Settings(_env_file=env_file, **given)  # type: ignore[call-arg]  # known to pydantic-settings
    except ValidationError as error:
        first = error.errors()[0]
        raise SettingsError(str(error), message=_sentence(first)) from error
    settings._origins |= _origins(Path(env_file), given)
    return settings


def _origins(env_file: Path, given: Iterable[str]) -> dict[str, Origin]:
    """Names are found whatever their case, as pydantic-settings finds them."""
    in_file = DotEnvSettingsSource(Settings, env_file=env_file).env_vars
    return {
        **dict.fromkeys((name.upper() for name in in_file), Origin.ENV_FILE),
        **dict.fromkeys((name.upper() for name in os.environ), Origin.ENVIRONMENT),
        **dict.fromkeys(given, Origin.OPTION),
    }


def env_name(field: str) -> str:
    """The variable that sets a field."""
    alias = Settings.model_fields[field].validation_alias
    assert isinstance(alias, AliasChoices)
    return str(alias.choices[0])


@dataclass(frozen=True, slots=True)
class SettingFact:
    """One setting in force, fit to be shown: secrets are masked."""

    name: str  # of the variable
    value: str | int | float | bool | None
    source: Origin
    description: str


def describe(settings: Settings) -> list[SettingFact]:
    """Every setting in force, in the order of their definition."""
    return [
        SettingFact(
            name=(name := env_name(field)),
            value=_shown(name, getattr(settings, field)),
            source=settings._origins.get(name, Origin.DEFAULT),
            description=info.description or "",
        )
        for field, info in Settings.model_fields.items()
    ]


def describe_time(budget: TimeBudget) -> dict[str, float]:
    """Every time in force in seconds, by its name in TimeBudget: the given ones, then the computed."""
    computed = [name for name, value in vars(TimeBudget).items() if isinstance(value, property)]
    return {name: getattr(budget, name) for name in [*(field.name for field in fields(budget)), *computed]}


def _shown(name: str, value: object) -> str | int | float | bool | None:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, SecretStr):
        return MASK if value.get_secret_value() else ""
    if name == "ADVAKOD_API_KEYS":
        return ", ".join(_masked_key(entry) for entry in str(value).split(",") if entry.strip())
    return _SECRET_IN_URL.sub(rf"\1\2{MASK}", str(value))


def _masked_key(entry: str) -> str:
    """Name and role; anything that is not name:role:hash may be a key itself."""
    parts = entry.strip().split(":")
    return ":".join([*parts[:2], MASK]) if len(parts) == 3 else MASK


def _sentence(error: Any) -> str:
    name = str(error["loc"][0]) if error["loc"] else ""
    if not name:
        return f"Неверная настройка {error['ctx']['error']}."
    shown = MASK if "KEY" in name else repr(error["input"])
    return f"Неверная настройка {name}={shown}: {complaint(error)}."
