"""What the environment may say, with types and clear complaints. Knows names and ranges; knows no Django."""

from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    FilePath,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from chatsite import environment_checks as checks

PROJECT_ROOT = Path(__file__).resolve().parent.parent

WebAddress = Annotated[str, AfterValidator(checks.web_address)]
Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(checks.comma_separated)]
Origins = Annotated[
    tuple[str, ...], NoDecode, BeforeValidator(checks.comma_separated), AfterValidator(checks.web_origins)
]
Secrets = Annotated[tuple[SecretStr, ...], NoDecode, BeforeValidator(checks.comma_separated)]
DataFolder = Annotated[Path, AfterValidator(lambda path: (PROJECT_ROOT / path.expanduser()).resolve())]
DatabaseAddress = Annotated[SecretStr, AfterValidator(checks.secret_address("postgresql", "postgres"))]
RedisUrl = Annotated[SecretStr, AfterValidator(checks.redis_url)]
HostPorts = Annotated[
    tuple[tuple[str, int], ...], NoDecode, BeforeValidator(checks.host_ports), BeforeValidator(checks.comma_separated)
]
BrokerAddress = Annotated[SecretStr, AfterValidator(checks.secret_address("redis", "rediss", "amqp", "amqps"))]
MailAddress = Annotated[SecretStr, AfterValidator(checks.secret_address("smtp", "smtp+tls", "smtps"))]


class BadEnvironmentError(Exception):
    """The environment cannot be used; the message is one line per bad variable and shows no secret."""


def variable(name: str, default: Any, says: str, **limits: Any) -> Any:
    return Field(default=default, validation_alias=name, description=says, **limits)


class Environment(BaseSettings):
    """Every variable the product reads. An empty value counts as unset."""

    model_config = SettingsConfigDict(env_ignore_empty=True, case_sensitive=True, extra="ignore", frozen=True)

    # Where it listens
    port: int = variable("PORT", 8000, "Port the server listens on; 0 takes any free one.", ge=0, le=65535)
    bind: str = variable("CHATSITE_BIND", "127.0.0.1", "Address the server listens on; 0.0.0.0 is every network.")
    server: Literal["daphne", "uvicorn"] = variable(
        "CHATSITE_SERVER", "daphne", "Program that speaks HTTP and WebSocket: daphne or uvicorn."
    )
    allowed_hosts: Names = variable(
        "ALLOWED_HOSTS",
        ("localhost", "127.0.0.1", "[::1]"),
        "Host names people may use beside that of CHATSITE_PUBLIC_URL, separated by commas.",
    )
    public_url: WebAddress = variable(
        "CHATSITE_PUBLIC_URL",
        "",
        "Address people type, such as https://chat.example.org. With https, cookies are only sent encrypted.",
    )
    trusted_origins: Origins = variable(
        "CHATSITE_TRUSTED_ORIGINS", (), "Further origins whose pages may post here, separated by commas."
    )
    trusted_proxies: int = variable(
        "CHATSITE_TRUSTED_PROXIES",
        0,
        "Reverse proxies in front whose X-Forwarded-For and X-Forwarded-Proto are believed.",
        ge=0,
        le=10,
    )

    # Where it keeps things
    data_dir: DataFolder = variable(
        "CHATSITE_DATA_DIR", Path("data"), "Folder of the database, uploads and keys; relative to the project."
    )
    static_dir: Path | None = variable(
        "CHATSITE_STATIC_DIR", None, "Folder filled by collectstatic. Unset: files are served from where they are."
    )
    database_url: DatabaseAddress | None = variable(
        "DATABASE_URL",
        None,
        "PostgreSQL to use, postgresql://user:password@host/name (behind PgBouncer: ?pgbouncer=true). "
        "Unset: SQLite in the data folder.",
    )
    redis_url: RedisUrl | None = variable(
        "REDIS_URL", None, "Redis that joins several processes (hosted mode). Unset: one process does everything."
    )
    redis_ca: FilePath | None = variable(
        "CHATSITE_REDIS_CA", None, "File with the certificate that signed Redis' (rediss://) or the broker's own."
    )
    redis_sentinels: HostPorts = variable(
        "CHATSITE_REDIS_SENTINELS",
        (),
        "Sentinels, host:port separated by commas; the host in REDIS_URL is then the name of the service.",
    )
    redis_sentinel_password: SecretStr | None = variable(
        "CHATSITE_REDIS_SENTINEL_PASSWORD", None, "Password of the sentinels themselves."
    )
    celery_broker_url: BrokerAddress | None = variable(
        "CELERY_BROKER_URL", None, "Broker of the Celery workers. Unset: the Redis of REDIS_URL."
    )
    database_threads: int = variable(
        "CHATSITE_DATABASE_THREADS", 12, "Threads, and so connections, a process uses for queries.", ge=2, le=128
    )
    retention_days: int = variable(
        "CHATSITE_RETENTION_DAYS", 0, "Days the events of finished runs are kept; 0 keeps them.", ge=0, le=36500
    )

    # Secrets and behaviour
    secret_key: SecretStr | None = variable(
        "SECRET_KEY", None, "Signs sessions and links. Unset: made once and kept in the data folder.", min_length=32
    )
    secret_key_fallbacks: Secrets = variable(
        "SECRET_KEY_FALLBACKS",
        (),
        "Former secret keys, the newest first, separated by commas: what they signed and sealed is still read.",
    )
    debug: bool = variable("CHATSITE_DEBUG", False, "Error pages with internals. Never where others can reach it.")
    log_level: Annotated[str, AfterValidator(checks.log_level)] = variable(
        "CHATSITE_LOG_LEVEL", "INFO", "DEBUG, INFO, WARNING or ERROR."
    )
    oidc_issuer: Annotated[str, AfterValidator(checks.identity_provider)] = variable(
        "CHATSITE_OIDC_ISSUER",
        "",
        "OpenID Connect provider people may sign in through, such as https://id.example.org. Unset: none.",
    )
    oidc_client_id: str = variable(
        "CHATSITE_OIDC_CLIENT_ID", "", "Client id of this site at that provider.", validate_default=True
    )
    oidc_client_secret: SecretStr | None = variable(
        "CHATSITE_OIDC_CLIENT_SECRET", None, "Secret of that registration, if it has one."
    )
    oidc_name: str = variable(
        "CHATSITE_OIDC_NAME", "your organisation", 'What the button calls the provider, after "Sign in with".'
    )
    time_zone: Annotated[str, AfterValidator(checks.time_zone)] = variable(
        "CHATSITE_TIME_ZONE", "UTC", "Time zone of the administration pages, such as Europe/Rome."
    )

    # People
    sign_up: Literal["closed", "invitation", "open"] = variable(
        "CHATSITE_SIGN_UP", "closed", "Who may make an account: nobody, who was invited, or everybody."
    )
    invitation_days: int = variable("CHATSITE_INVITATION_DAYS", 7, "Days an invitation is good for.", ge=1, le=365)
    mail_url: MailAddress | None = variable(
        "CHATSITE_MAIL_URL",
        None,
        "Mail server, smtp+tls://user:password@host:587; smtps:// is encrypted from the start, smtp:// never. "
        "Unset: mail is printed by an embedded server and not sent by a hosted one.",
    )
    mail_from: Annotated[str, AfterValidator(checks.mail_sender)] = variable(
        "CHATSITE_MAIL_FROM", "", "Sender of mail, such as Chat <chat@example.org>. Unset: no-reply at the public host."
    )

    # Models
    openai_api_key: SecretStr | None = variable(
        "OPENAI_API_KEY", None, "Key for OpenAI or a server that speaks like it."
    )
    openai_base_url: WebAddress = variable(
        "OPENAI_BASE_URL", "", "Address of that server, such as http://localhost:8080/v1. Unset: OpenAI's own."
    )
    anthropic_api_key: SecretStr | None = variable("ANTHROPIC_API_KEY", None, "Key for Anthropic.")
    anthropic_base_url: WebAddress = variable("ANTHROPIC_BASE_URL", "", "Address to use instead of Anthropic's own.")
    ollama_host: Annotated[str, AfterValidator(checks.ollama_address)] = variable(
        "OLLAMA_HOST", "http://127.0.0.1:11434", "Address of an Ollama."
    )
    model_connect_seconds: float = variable(
        "CHATSITE_MODEL_CONNECT_SECONDS", 10.0, "How long a connection to a model may take.", gt=0, le=600
    )
    model_first_token_seconds: float = variable(
        "CHATSITE_MODEL_FIRST_TOKEN_SECONDS",
        120.0,
        "How long a model may think before it says anything.",
        gt=0,
        le=7200,
    )
    model_between_tokens_seconds: float = variable(
        "CHATSITE_MODEL_BETWEEN_TOKENS_SECONDS", 60.0, "How long a model may pause in an answer.", gt=0, le=7200
    )
    model_whole_seconds: float = variable(
        "CHATSITE_MODEL_WHOLE_SECONDS", 1800.0, "How long a whole answer may take.", gt=0, le=86400
    )

    # The engine
    tick_ms: int = variable(
        "CHATSITE_TICK_MS", 33, "Milliseconds between two commits of a process while answers stream.", ge=5, le=1000
    )
    engine_capacity: int = variable(
        "CHATSITE_ENGINE_CAPACITY", 500, "Runs one process executes at a time; further ones wait.", ge=1, le=10000
    )
    drain_seconds: float = variable(
        "CHATSITE_DRAIN_SECONDS",
        5.0,
        "How long runs in progress may go on when a server or worker is told to stop.",
        ge=0,
        le=600,
    )

    agent_modules: Names = variable(
        "CHATSITE_AGENT_MODULES", (), "Python modules of your own that register agents, separated by commas."
    )

    def hosts(self) -> list[str]:
        """The host names people may use, that of the public address among them."""
        public = urlsplit(self.public_url).hostname or ""
        public = f"[{public}]" if ":" in public else public
        return list(dict.fromkeys([*self.allowed_hosts, *([public] if public else [])]))

    @field_validator("oidc_client_id")
    @classmethod
    def _known_to_its_provider(cls, value: str, info: ValidationInfo) -> str:
        return checks.given_with(value, other=info.data.get("oidc_issuer", ""), named="CHATSITE_OIDC_ISSUER")

    def made_data_dir(self) -> Path:
        """The data folder, which is there afterwards. Raises BadEnvironmentError where it cannot be."""
        try:
            self.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            reason = f"it cannot be made ({error.strerror}); use a folder that may be written to"
            raise BadEnvironmentError(f'CHATSITE_DATA_DIR is "{self.data_dir}": {reason}') from None
        return self.data_dir


def read_environment() -> Environment:
    """The environment of this process. Raises BadEnvironmentError with a line for each bad variable."""
    try:
        return Environment()
    except ValidationError as error:
        lines = [_complaint(dict(each)) for each in error.errors(include_url=False)]
        raise BadEnvironmentError("\n".join(lines)) from None


def variables() -> list[tuple[str, FieldInfo]]:
    """Each variable's name in the environment with its field, in the order to show them."""
    return [(str(field.validation_alias), field) for field in Environment.model_fields.values()]


def _complaint(error: dict[str, Any]) -> str:
    name = str(error["loc"][0])
    if name in Environment.model_fields:  # its default is what is wrong
        name = str(Environment.model_fields[name].validation_alias)
    field = dict(variables())[name]
    given = "" if checks.is_secret(field) else f' is "{str(error["input"])[:80]}"'
    return f"{name}{given}{':' if given else ' cannot be used:'} {checks.expectation(field, error)}"
