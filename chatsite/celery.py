"""The Celery application. A message is a wake-up: what has to be done stands in the database."""

import os
from typing import Any

from celery import Celery
from celery.signals import setup_logging

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatsite.settings")

from django.conf import settings

BROKER = settings.MODE.celery_broker or "memory://"
REDIS_TRANSPORT = {
    # A message of a dead worker comes back after seconds, not after the hour Celery takes by itself.
    "visibility_timeout": 900,
    "unacked_restore_interval": 10,
    "unacked_restore_throttle": 1,
    # A broker that is away must not hold up the person who sends a prompt.
    "socket_connect_timeout": 2,
    "socket_timeout": 10,
}

app = Celery("chatsite")
app.set_default()  # for every thread: wake-ups are sent from one of their own
app.conf.update(
    broker_url=BROKER,
    task_default_queue="work",
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_ignore_result=True,
    task_serializer="json",
    accept_content=["json"],
    worker_prefetch_multiplier=1,
    worker_soft_shutdown_timeout=20,
    worker_hijack_root_logger=False,
    worker_redirect_stdouts=False,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,  # of itself it gives up after a hundred, and the worker with it
    broker_transport_options={
        **(REDIS_TRANSPORT if BROKER.startswith(("redis", "sentinel")) else {}),
        **settings.MODE.celery_options,
    },
    broker_use_ssl=settings.MODE.celery_tls,
    timezone="UTC",
)
app.autodiscover_tasks(["streaming"], related_name="tasks")


def keep_our_lines(**_: Any) -> None:
    """Celery would give the root logger a level and handlers of its own; Django's LOGGING is for workers too."""


setup_logging.connect(keep_our_lines)
