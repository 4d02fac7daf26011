"""What `manage.py doctor` looks at, one function per thing. Reads and asks; shows no secret.

It changes nothing. (The data folder is there by then: reading the settings makes it.)
"""

import asyncio
import platform
import shutil
import sqlite3
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import requests
from django.conf import settings
from django.core.mail import mailers
from django.db import DatabaseError, connection

from streaming import bell
from streaming.access.sign_up import SignUp, sign_up_now
from streaming.errors import StreamingError
from streaming.management.data_folder import is_held
from streaming.management.schema import pending_migrations, prove_reachable
from streaming.models import Connection, Person
from streaming.runs.agents import STREAMS, WORK
from streaming.runs.connections import address_of, provider_at
from streaming.runs.lease import engines_alive
from streaming.tasks.broker import prove_broker

ANSWERS_WITHIN = 5.0  # seconds; a service on the same network that takes longer is as good as away
LEAST_FREE_BYTES = 512 * 1024 * 1024
PACKAGES = ("django", "channels", "daphne", "celery", "channels-redis", "psycopg", "aiohttp")


class Verdict(StrEnum):
    OK = "ok"
    NOTE = "note"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report."""

    verdict: Verdict
    subject: str
    text: str


def examine() -> Iterator[Finding]:
    """Every finding, in the order to read them. A check that breaks is a finding too."""
    for check in CHECKS:
        try:
            yield from check()
        except Exception as error:  # noqa: BLE001 - the doctor survives every patient
            yield Finding(Verdict.FAILED, check.__name__.strip("_").replace("_", " "), _brief(error))


def _versions() -> Iterator[Finding]:
    found = [f"{name} {_version(name)}" for name in PACKAGES]
    yield Finding(Verdict.OK, "versions", ", ".join([f"Python {platform.python_version()}", *found]))
    if settings.DEBUG:
        yield Finding(Verdict.NOTE, "debug", "CHATSITE_DEBUG is on: error pages show internals to whoever sees them.")


def _mode() -> Iterator[Finding]:
    explained = {
        "embedded": "embedded: one process does everything",
        "hosted": "hosted: Redis joins web processes and workers",
    }
    yield Finding(Verdict.OK, "mode", explained[settings.MODE.name])
    if settings.MODE.joins_processes and connection.vendor == "sqlite":
        text = "SQLite is one machine's file, and its writers wait for each other: set DATABASE_URL to a PostgreSQL."
        yield Finding(Verdict.FAILED, "hosted", text)


def _data_folder() -> Iterator[Finding]:
    folder = settings.DATA_DIR
    if stat.S_IMODE(folder.stat().st_mode) & 0o077:
        yield Finding(Verdict.NOTE, "data folder", f"Others on this machine may look into {folder}: chmod 700 it.")
    free = shutil.disk_usage(folder).free
    if free < LEAST_FREE_BYTES:
        yield Finding(Verdict.FAILED, "data folder", f"{folder} has only {free // 1024**2} MiB left.")
    else:
        text = f"{folder}, {free // 1024**3} GiB free"
        if settings.MODE.locks_data_folder:
            text += ", a server runs on it" if is_held(folder) else ", no server runs on it"
        yield Finding(Verdict.OK, "data folder", text)


def _secret_key() -> Iterator[Finding]:
    file = settings.DATA_DIR / "secret_key"
    if settings.ENVIRONMENT.secret_key is not None:
        yield Finding(Verdict.OK, "secret key", "from the environment")
    elif not file.exists():
        yield Finding(Verdict.OK, "secret key", f"will be made in {file}")
    elif stat.S_IMODE(file.stat().st_mode) & 0o077:
        yield Finding(Verdict.FAILED, "secret key", f"Others on this machine may read it: chmod 600 {file}")
    elif settings.MODE.joins_processes:
        text = "in the data folder; processes on other machines need the same one: set SECRET_KEY"
        yield Finding(Verdict.NOTE, "secret key", text)
    else:
        yield Finding(Verdict.OK, "secret key", f"in {file}")


def _database() -> Iterator[Finding]:
    if connection.vendor == "sqlite" and not Path(connection.settings_dict["NAME"]).exists():
        yield Finding(Verdict.NOTE, "database", f"manage.py serve will make {connection.settings_dict['NAME']}")
        return
    try:
        prove_reachable()
        with connection.cursor() as cursor:
            if connection.vendor == "sqlite":
                cursor.execute("PRAGMA journal_mode")
                journal = cursor.fetchone()[0]
                text = f"SQLite {sqlite3.sqlite_version}, journal {journal}, {connection.settings_dict['NAME']}"
            else:
                cursor.execute("SHOW server_version")
                host = connection.settings_dict["HOST"] or "local"
                text = f"PostgreSQL {cursor.fetchone()[0]} on {host}, database {connection.settings_dict['NAME']}"
    except DatabaseError as error:
        yield Finding(Verdict.FAILED, "database", _brief(error))
        return
    yield Finding(Verdict.OK, "database", text)
    if count := pending_migrations():
        yield Finding(Verdict.NOTE, "tables", f"{count} migrations are missing; manage.py serve applies them.")
        return
    yield from _people()
    yield from _engines()
    yield from _model_apis()


def _people() -> Iterator[Finding]:
    administrators = Person.objects.filter(is_superuser=True, is_active=True)
    if any(person.has_usable_password() for person in administrators):
        yield Finding(Verdict.OK, "people", f"{Person.objects.count()} (administrators: {len(administrators)})")
    else:
        yield Finding(Verdict.NOTE, "people", "No administrator has a password; manage.py serve prints a link.")


def _engines() -> Iterator[Finding]:
    alive = engines_alive()
    labels = ", ".join(sorted(engine.label for engine in alive))
    if any(engine.serves(STREAMS) for engine in alive):
        yield Finding(Verdict.OK, "engines", f"{len(alive)} alive: {labels}")
        if not any(engine.serves(WORK) for engine in alive):
            text = "None is alive for the queue work: tasks that block wait. Start a Celery worker with -Q work."
            yield Finding(Verdict.NOTE, "tasks", text)
    elif settings.MODE.joins_processes:
        text = "None is alive for the queue streams: answers wait. Start a Celery worker with -Q streams."
        yield Finding(Verdict.FAILED, "engines", text)
    else:
        yield Finding(Verdict.NOTE, "engines", "None is alive; manage.py serve starts one.")


def _model_apis() -> Iterator[Finding]:
    connections = list(Connection.objects.filter(enabled=True))
    if not connections:
        yield Finding(Verdict.NOTE, "models", "No model is connected; the demo answers.")
    for each in connections:
        subject = f"model API {each.name}"
        try:
            models = asyncio.run(asyncio.wait_for(provider_at(address_of(each)).check(), ANSWERS_WITHIN))
        except (StreamingError, TimeoutError) as error:
            # An Ollama is looked for everywhere and missing almost everywhere.
            absent = Verdict.NOTE if each.kind == Connection.Kind.OLLAMA else Verdict.FAILED
            yield Finding(absent, subject, _brief(error))
        else:
            yield Finding(Verdict.OK, subject, f"answers, {len(models)} models")


def _channel_layer() -> Iterator[Finding]:
    asyncio.run(bell.hear_yourself(seconds=ANSWERS_WITHIN))
    yield Finding(Verdict.OK, "channel layer", "a message came through")


def _mail() -> Iterator[Finding]:
    if settings.MAIL.goes == "nowhere":
        text = "No mail server: nobody can reset a password or confirm an address. Set CHATSITE_MAIL_URL."
        wanted = sign_up_now() is SignUp.NO_MAIL
        text += " Sign-up is open in name only." if wanted else ""
        yield Finding(Verdict.FAILED if wanted else Verdict.NOTE, "mail", text)
    elif settings.MAIL.goes == "terminal":
        text = "No mail server: messages are printed in the terminal of the server. Set CHATSITE_MAIL_URL to send them."
        yield Finding(Verdict.NOTE, "mail", text)
    else:
        mailer: Any = mailers.default
        with mailer:
            yield Finding(Verdict.OK, "mail", f"{mailer.host} port {mailer.port} answers, from {settings.MAIL.sender}")


def _identity_provider() -> Iterator[Finding]:
    issuer = settings.ENVIRONMENT.oidc_issuer
    if not issuer:
        return
    answer = requests.get(f"{issuer}/.well-known/openid-configuration", timeout=ANSWERS_WITHIN)
    answer.raise_for_status()
    if answer.json().get("issuer", "").rstrip("/") == issuer:
        yield Finding(Verdict.OK, "identity provider", f"{issuer} answers")
    else:
        yield Finding(Verdict.FAILED, "identity provider", f"What answers at {issuer} is another issuer.")


def _broker() -> Iterator[Finding]:
    if not settings.MODE.celery_broker:
        return
    yield Finding(Verdict.OK, "broker", f"{prove_broker(seconds=ANSWERS_WITHIN)} answers")


CHECKS: tuple[Callable[[], Iterator[Finding]], ...] = (
    _versions,
    _mode,
    _data_folder,
    _secret_key,
    _database,
    _channel_layer,
    _broker,
    _mail,
    _identity_provider,
)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "missing"


def _brief(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return (
        lines[0]
        if lines
        else f"no answer within {ANSWERS_WITHIN:g} s"
        if isinstance(error, TimeoutError)
        else repr(error)
    )
