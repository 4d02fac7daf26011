"""A bench for engines: a scripted model API, a person who asks it, engines on threads of their own."""

import threading
from functools import cached_property
from typing import Any

from django.conf import settings

from streaming.chats import Sent
from streaming.models import Connection, Person, Run
from streaming.models.database import _pool
from streaming.runs.service import EngineService
from tests.support.model_server import ModelServer
from tests.support.rows import a_chat, a_person, connected, run_of
from tests.support.scripts import Chooser, Script
from tests.support.waiting import PATIENCE_SECONDS, until


class Lab:
    """Needs a database with transactions. `close` stops every engine and the model API."""

    def __init__(self) -> None:
        self.models = ModelServer()
        self.engines: list[EngineService] = []

    @cached_property
    def alice(self) -> Person:
        return a_person("alice")

    @cached_property
    def connection(self) -> Connection:
        return connected(self.models.openai_url, key="test-key")

    @property
    def model(self) -> str:
        return f"{self.connection.pk}/scripted"

    def answer(self, prompt: str, script: Script | Chooser) -> None:
        self.models.answer(prompt, script)

    def ask(self, text: str = "Hello") -> Sent:
        """Ask the scripted model in a new chat."""
        return a_chat(self.alice, text, model=self.model)

    def start(self, **given: Any) -> EngineService:
        service = EngineService(**{"sole_owner": True, "capacity": 16} | given).start()
        self.engines.append(service)
        return service

    def ended(self, sent: Sent | Run, *, seconds: float = PATIENCE_SECONDS) -> Run:
        """The run once it has ended, however."""
        pk = sent.run.pk if isinstance(sent, Sent) else sent.pk
        return until(lambda: Run.objects.filter(pk=pk, state__in=Run.ENDED).first(), "the run ends", seconds=seconds)

    def spoke(self, sent: Sent) -> Run:
        """The run once it has said something that is committed."""
        return until(lambda: run_of(sent).spoke and run_of(sent), "the run speaks")

    def close(self) -> None:
        for service in self.engines:
            service.stop()
        rest()
        self.models.close()


def rest() -> None:
    """What the engines had begun on the threads of the database ends before the tables are emptied."""
    threads = settings.DATABASE_THREADS
    together = threading.Barrier(threads)
    list(_pool().map(lambda _: together.wait(30), range(threads)))
