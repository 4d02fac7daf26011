"""Where mail goes: a server, the terminal, or nowhere. Knows addresses of mail servers; knows no message."""

from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import unquote, urlsplit

from pydantic import SecretStr

from chatsite.environment import Environment

BACKENDS = "django.core.mail.backends"
SMTP_SECONDS = 15  # a mail server that takes longer to answer is as good as away


@dataclass(frozen=True, slots=True)
class Mail:
    """What the environment makes of mail. `goes` says who reads it: people, whoever looks at the terminal, nobody."""

    goes: Literal["server", "terminal", "nowhere"]
    mailers: dict[str, dict[str, Any]] = field(repr=False)
    sender: str

    @property
    def arrives(self) -> bool:
        """Whether somebody can read what is sent."""
        return self.goes != "nowhere"


def decide_mail(environment: Environment, *, terminal: bool) -> Mail:
    """`terminal`: whoever runs the server watches its output, so mail may be printed where no mail server is named."""
    sender = environment.mail_from or f"chatsite <no-reply@{urlsplit(environment.public_url).hostname or 'localhost'}>"
    if environment.mail_url is not None:
        return Mail("server", {"default": _smtp(environment.mail_url)}, sender)
    if terminal:
        return Mail("terminal", {"default": {"BACKEND": f"{BACKENDS}.console.EmailBackend"}}, sender)
    return Mail("nowhere", {"default": {"BACKEND": f"{BACKENDS}.dummy.EmailBackend"}}, sender)


def _smtp(address: SecretStr) -> dict[str, Any]:
    parts = urlsplit(address.get_secret_value())
    options = {
        "host": unquote(parts.hostname or ""),
        "port": parts.port,
        "username": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
        "use_tls": parts.scheme == "smtp+tls",
        "use_ssl": parts.scheme == "smtps",
        "timeout": SMTP_SECONDS,
    }
    return {"BACKEND": f"{BACKENDS}.smtp.EmailBackend", "OPTIONS": options}
