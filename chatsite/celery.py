"""The Celery application. A message is a wake-up: what has to be done stands in the database."""

import os

from celery import Celery
from celery.signals import setup_logging

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatsite.settings")

import django
from django.apps import apps
from django.conf import settings

from chatsite.celery_broker import transport_options

if not apps.ready:
    django.setup()

from streaming.runs.housekeeping import CHORES
from streaming.tasks import EngineStep, Unhurried
from streaming.tasks.housekeeping import LATE_SECONDS, TIDY_UP

BROKER = settings.MODE.celery_broker or "memory://"

# Without Celery's Django fixup: after each task in a prefork worker it closes the pool of database connections, which
# the engine of that process is using.
app = Celery("chatsite", fixups=[])
app.conf.update(
    broker_url=BROKER,
    broker_transport_options={**transport_options(BROKER), **settings.MODE.celery_options},
    broker_use_ssl=settings.MODE.celery_tls,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,  # a worker goes on without its broker, so it must not give up on it
    broker_channel_error_retry=True,  # nor on one that refuses: a master that became a replica, a full one
    task_default_queue="work",
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_ignore_result=True,
    task_serializer="json",
    accept_content=["json"],
    worker_prefetch_multiplier=1,
    # What is executed are rows, not messages: of those, only chores are ever under way.
    worker_soft_shutdown_timeout=settings.ENVIRONMENT.drain_seconds,
    worker_hijack_root_logger=False,
    worker_redirect_stdouts=False,
    beat_schedule={
        name: {
            "task": TIDY_UP,
            "args": [name],
            "schedule": chore.seconds,
            "options": {"queue": "work", "expires": LATE_SECONDS},
        }
        for name, chore in CHORES.items()
    },
    beat_schedule_filename=str(settings.DATA_DIR / "beat-schedule"),
    timezone="UTC",
)


def keep_our_logging(**_options: object) -> None:
    """Being connected is enough: Celery would set its own level and format over those of the settings."""


setup_logging.connect(keep_our_logging)
app.steps["worker"].add(EngineStep)
app.steps["consumer"].add(Unhurried)
