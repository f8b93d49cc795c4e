"""Every setting of headway, read from the environment once and checked before anything starts."""

import os
import re
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AliasChoices, Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from headway.errors import SettingsError
from headway.redis_url import check_redis_url

Port = Annotated[int, Field(ge=1, le=65535)]
Seconds = Annotated[float, Field(gt=0, le=31_536_000)]
Bytes = Annotated[int, Field(ge=1, le=1 << 40)]
Words = Annotated[tuple[str, ...], NoDecode]


#: What a queue or a task may be called.
QUEUE_NAME = re.compile(r"[A-Za-z0-9_.-]{1,100}")

_ORIGIN = re.compile(r"https?://(\[[0-9a-f:]+\]|[a-z0-9.-]+)(:[0-9]{1,5})?", re.IGNORECASE)

# What pydantic says of text that should be a number speaks of parsing.
_WANTED = {"int_parsing": "a whole number", "float_parsing": "a number"}


class Settings(BaseSettings):
    """The environment variables `HEADWAY_<NAME>`; `REDIS_URL` is read without the prefix too."""

    model_config = SettingsConfigDict(env_prefix="HEADWAY_", env_ignore_empty=True, frozen=True)

    redis_url: SecretStr = Field(
        default=SecretStr("redis://127.0.0.1:6379/0"),
        validation_alias=AliasChoices("HEADWAY_REDIS_URL", "REDIS_URL"),
        description="Redis or Valkey: redis://, rediss:// or unix://. Where it is unset `make run` starts one.",
    )
    redis_port: Port | None = Field(
        default=None, description="A loopback port that `make run` also opens on its private Redis."
    )
    auth: Literal["none", "required"] = Field(
        default="none",
        description="none: whoever reaches the API on this machine may do everything; required: everybody shows a "
        "token.",
    )
    api_host: str = Field(
        default="127.0.0.1", description="Where the API listens; loopback unless HEADWAY_AUTH is required."
    )
    api_port: Port = Field(default=8000, description="The API's port.")
    ui_port: Port = Field(default=8501, description="The Streamlit app's port.")
    allowed_origins: Words = Field(
        default=(),
        description="Pages that may ask where HEADWAY_AUTH is required, as https://host[:port], comma separated.",
    )
    token: SecretStr | None = Field(
        default=None, description="What client, command line and notebooks show the API to say who they are."
    )
    api_url: str = Field(
        default="http://127.0.0.1:8000", description="Where client, command line, Streamlit and notebooks find the API."
    )
    workers: int = Field(default=2, ge=1, le=256, description="How many worker processes `make run` starts.")
    tasks: Words = Field(default=("worker.examples",), description="Modules with tasks, comma separated.")
    queues: Words = Field(default=("default",), description="Queues that a worker serves, comma separated.")
    data_dir: Path = Field(
        default=Path(".headway"), description="Where headway keeps files: Redis' data, uploads, logs."
    )
    react_dir: Path = Field(
        default=Path("apps/react/demo/dist"), description="Where the built page is that the API serves at /ui."
    )
    data_roots: Annotated[tuple[Path, ...], NoDecode] = Field(
        default=(), description=f"Folders that file parameters may point into, separated by {os.pathsep!r}."
    )
    database_url: SecretStr | None = Field(
        default=None,
        description="Where history is kept: sqlite:////path or postgresql://…; unset: a file in HEADWAY_DATA_DIR.",
    )
    recorder_claim_s: Seconds = Field(
        default=15,
        description="After how long a recorder takes over what another one has taken and not written, in seconds.",
    )
    history_keep_s: float = Field(
        default=7_776_000, gt=0, le=315_360_000, description="How long history is kept, in seconds."
    )
    history_thin_s: float = Field(
        default=604_800,
        gt=0,
        le=315_360_000,
        description="Age from which only a job's first and last events and changes of status are kept, in seconds.",
    )
    history_rows_max: int = Field(
        default=10_000_000,
        ge=100,
        description="Most events, log lines, metric values and actions kept in history, of each.",
    )
    engine: Literal["rq"] = Field(default="rq", description="The queue library that runs jobs.")
    keep_s: Seconds = Field(
        default=604_800, description="How long a job's keys stay in Redis after it ended, in seconds."
    )
    flush_s: float = Field(
        default=0.1, gt=0, le=5, description="The shortest time between two progress writes of a job, in seconds."
    )
    heartbeat_s: float = Field(
        default=2.0, gt=0, le=5, description="How often a running job and its worker raise the lease, in seconds."
    )
    lost_s: float = Field(
        default=12.0,
        gt=0,
        le=86_400,
        description="How long a running job's lease may be silent before the judge calls its worker lost, in seconds; "
        "at least twice HEADWAY_HEARTBEAT_S.",
    )
    outage_s: Seconds = Field(
        default=600,
        description="How long Redis may be away before a worker gives up a job's end, and itself, in seconds.",
    )
    shutdown_grace_s: Annotated[float, Field(ge=0, le=86_400)] = Field(
        default=10, description="How long a stopping worker lets its job finish before handing it back, in seconds."
    )
    pause_grace_s: Annotated[float, Field(ge=0, le=86_400)] = Field(
        default=1,
        description="How long a job that is to pause has for its next step before its processes are stopped, "
        "in seconds.",
    )
    cancel_grace_s: Annotated[float, Field(ge=0, le=86_400)] = Field(
        default=5,
        description="How long a job that is canceled or out of time has for its next step before its processes are "
        "ended, in seconds.",
    )
    submits_per_minute: int = Field(
        default=0, ge=0, description="Most submits and uploads of one user in a minute; 0 is any number."
    )
    actions_per_minute: int = Field(
        default=0,
        ge=0,
        description="Most pauses, resumes, cancels, retries and deletes of one user in a minute; 0 is any.",
    )
    waiting_max: int = Field(
        default=0, ge=0, description="Most jobs that wait, above which none is taken; 0 is any number."
    )
    events_max: int = Field(default=100_000, ge=100, description="Entries kept in the stream of events.")
    logs_max: int = Field(default=100_000, ge=100, description="Entries kept in the stream of log lines.")
    index_max: int = Field(default=1_000_000, ge=100, description="Jobs kept in the list of jobs.")
    capture_output: bool = Field(
        default=True, description="Whether what jobs print and log is taken into their logs; a task may opt out."
    )
    tee_output: bool = Field(
        default=True, description="Whether what is taken into a job's log also goes to its worker's own output."
    )
    message_max: int = Field(default=1_000, ge=10, le=100_000, description="Longest message, in characters.")
    error_detail_max_bytes: Bytes = Field(default=8_192, description="Longest error.detail, in bytes of UTF-8.")
    result_max_bytes: Bytes = Field(
        default=262_144, description="Largest result inside a snapshot, in bytes; a larger one is kept beside it."
    )
    checkpoint_max_bytes: Bytes = Field(
        default=1_048_576, description="Largest value that a job saves for its next attempt, in bytes of JSON."
    )
    body_max_bytes: Bytes = Field(default=1_048_576, description="Largest JSON request body, in bytes.")
    file_max_bytes: Bytes = Field(default=1_073_741_824, description="Largest file that can be uploaded, in bytes.")
    files_keep_s: Seconds = Field(
        default=604_800,
        description="How long an upload stays after it came or a job last opened it, in seconds; "
        "never shorter than HEADWAY_KEEP_S.",
    )

    @field_validator("tasks", "queues", "allowed_origins", mode="before")
    @classmethod
    def _split_words(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(word.strip() for word in value.split(",") if word.strip())
        return value

    @field_validator("data_roots", mode="before")
    @classmethod
    def _split_paths(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(Path(part) for part in value.split(os.pathsep) if part)
        return value

    @field_validator("lost_s")
    @classmethod
    def _longer_than_heartbeats(cls, value: float, info: ValidationInfo) -> float:
        if value < 2 * info.data.get("heartbeat_s", 0.0):
            raise ValueError("must be at least twice HEADWAY_HEARTBEAT_S")
        return value

    @field_validator("tasks", "queues")
    @classmethod
    def _not_empty(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not value:
            raise ValueError("must name at least one")
        return value

    @field_validator("queues")
    @classmethod
    def _queue_names(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for name in value:
            if not QUEUE_NAME.fullmatch(name):
                raise ValueError(f"{name!r} has other characters than letters, digits, '_', '.', '-'")
        return value

    @field_validator("redis_url")
    @classmethod
    def _redis_address(cls, value: SecretStr) -> SecretStr:
        check_redis_url(value.get_secret_value())
        return value

    @field_validator("api_url")
    @classmethod
    def _http_address(cls, value: str) -> str:
        if not is_http_address(value):
            raise ValueError("must be an http:// or https:// address")
        return value.rstrip("/")

    @field_validator("api_host")
    @classmethod
    def _loopback(cls, value: str, info: ValidationInfo) -> str:
        if info.data.get("auth") != "required" and value.strip("[]") not in {"localhost", "127.0.0.1", "::1"}:
            raise ValueError("must be localhost, 127.0.0.1 or ::1 unless HEADWAY_AUTH is required")
        return value

    @field_validator("allowed_origins")
    @classmethod
    def _origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for origin in value:
            if not _ORIGIN.fullmatch(origin):
                raise ValueError(f"{origin!r} is no origin: write https://host or https://host:port")
        return tuple(origin.lower() for origin in value)


def is_http_address(url: str) -> bool:
    """Whether `url` names a host over http:// or https://."""
    try:
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def read_settings() -> Settings:
    """Read the environment now.

    Raises:
        SettingsError: a variable has a wrong value; the sentence names the variable and says what it takes.
    """
    try:
        return Settings()
    except ValidationError as error:
        raise SettingsError("; ".join(_sentence(item) for item in error.errors())) from None


def _sentence(item: ErrorDetails) -> str:
    name = str(item["loc"][0]) if item["loc"] else "settings"
    variable = name if name.isupper() else f"HEADWAY_{name.upper()}"
    if variable == "HEADWAY_REDIS_URL" and variable not in os.environ:
        variable = "REDIS_URL"
    wanted = _WANTED.get(item["type"])
    if wanted is not None:
        return f"{variable}: {item['input']!r} is not {wanted}"
    message = item["msg"].removeprefix("Value error, ").removeprefix("Input ")
    return f"{variable}: {message[:1].lower()}{message[1:]}"


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """The settings of this process, read once."""
    return read_settings()
