"""How log lines look: short for people, JSON for machines. Knows lines; never sees content or secrets on purpose."""

import logging
import time
from collections.abc import MutableMapping
from http import HTTPStatus
from typing import Any

import structlog

from chatsite.log_hygiene import only_plain_facts, without_private_parts
from chatsite.process_role import process_role

QUIET_LIBRARIES = (
    *("daphne", "twisted", "asyncio", "aiohttp", "celery", "kombu", "redis", "websockets", "django.channels"),
    "fido2",  # tells the ids of passkeys
    *("django.db.backends", "django.template"),  # at DEBUG they tell statements and variables with their values
)
REPEAT_SECONDS = 60.0

Fields = MutableMapping[str, Any]


class NotEachSecond(logging.Filter):
    """Lets the first of a logger's lines through and the next one after a minute, without its trace.

    For libraries that tell a service's absence with a trace each second, once per connection.
    """

    def __init__(self) -> None:
        super().__init__()
        self._next = 0.0

    def filter(self, record: logging.LogRecord) -> bool:
        if record.created < self._next:
            return False
        self._next = record.created + REPEAT_SECONDS
        if record.exc_info and record.exc_info[1]:
            record.msg, record.args = f"{record.getMessage()}: {record.exc_info[1]!r}", None
            record.exc_info = record.exc_text = None
        return True


class AbsenceNotEachSecond(NotEachSecond):
    """The same for pages that the absence of the database turned into 503; other failures are all let through."""

    def filter(self, record: logging.LogRecord) -> bool:
        is_absence = getattr(record, "status_code", 0) == HTTPStatus.SERVICE_UNAVAILABLE
        return not is_absence or super().filter(record)


def logging_settings(level: str, *, for_people: bool) -> dict[str, Any]:
    """Django's LOGGING. Both `logging.getLogger` and `structlog.get_logger` end in the same lines."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
    ]
    line: Any = line_for_people
    if not for_people:
        shared += [structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"), _with_role(process_role())]
        line = structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "lines": {
                "()": structlog.stdlib.ProcessorFormatter,
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    structlog.processors.format_exc_info,
                    without_private_parts,
                    line,
                ],
                "foreign_pre_chain": [*shared, structlog.stdlib.ExtraAdder(), only_plain_facts],
            }
        },
        "filters": {
            "not_each_second": {"()": NotEachSecond},
            "absence_not_each_second": {"()": AbsenceNotEachSecond},
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "lines"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            "django": {"level": level, "handlers": [], "propagate": True},
            # a page that is not there is no event
            "django.request": {"level": "ERROR", "filters": ["absence_not_each_second"]},
            "uvicorn": {"level": "ERROR"},  # it warns of each request that is none
            "channels_redis.pubsub": {"level": "WARNING", "filters": ["not_each_second"]},
            **{name: {"level": "WARNING"} for name in QUIET_LIBRARIES},
        },
    }


def line_for_people(_logger: object, _method: str, event: Fields) -> str:
    """`14:03:27 warning  The model closed the connection  run=… (streaming.runs)`."""
    level, text, where = event.pop("level", "info"), event.pop("event", ""), event.pop("logger", "")
    trace = event.pop("exception", "")
    facts = " ".join(f"{key}={value}" for key, value in event.items())
    head = f"{time.strftime('%H:%M:%S')} {level:<8} {text}"
    line = "  ".join(part for part in (head, facts, f"({where})" if where else "") if part)
    return f"{line}\n{trace}" if trace else line


def _with_role(role: str) -> Any:
    def add(_logger: object, _method: str, event: Fields) -> Fields:
        event["role"] = role
        return event

    return add
