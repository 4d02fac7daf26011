"""How log lines look: short for people, JSON for machines. Knows lines; never sees content or secrets on purpose."""

import time
from collections.abc import MutableMapping
from typing import Any, Literal

import structlog

QUIET_LIBRARIES = ("daphne", "twisted", "asyncio", "aiohttp", "celery", "kombu", "django.channels")


def logging_settings(mode: Literal["embedded", "hosted"], level: str) -> dict[str, Any]:
    """Django's LOGGING. Both `logging.getLogger` and `structlog.get_logger` end in the same lines."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
    ]
    if mode == "hosted":
        shared.append(structlog.processors.TimeStamper(fmt="iso", utc=True))
        rendering: list[Any] = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    else:
        rendering = [structlog.processors.format_exc_info, line_for_people]
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
                "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, *rendering],
                "foreign_pre_chain": [*shared, structlog.stdlib.ExtraAdder()],
            }
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "lines"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            "django": {"level": level, "handlers": [], "propagate": True},
            "django.request": {"level": "ERROR"},  # a page that is not there is no event
            **{name: {"level": "WARNING"} for name in QUIET_LIBRARIES},
        },
    }


def line_for_people(_logger: object, _method: str, event: MutableMapping[str, Any]) -> str:
    """`14:03:27 warning  The model closed the connection  run=… (streaming.runs)`."""
    level, text, where = event.pop("level", "info"), event.pop("event", ""), event.pop("logger", "")
    trace = event.pop("exception", "")
    facts = " ".join(f"{key}={value}" for key, value in event.items())
    head = f"{time.strftime('%H:%M:%S')} {level:<8} {text}"
    line = "  ".join(part for part in (head, facts, f"({where})" if where else "") if part)
    return f"{line}\n{trace}" if trace else line
