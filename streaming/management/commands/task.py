"""`manage.py task`: start an agent's task from a terminal and watch it, to see that a worker takes it up."""

import time
from argparse import ArgumentParser
from typing import Any

import msgspec
from django.core.management.base import BaseCommand, CommandError

from streaming.errors import StreamingError
from streaming.events import Failed, Progress, Start, StreamingChunk, StreamingEvent
from streaming.log import read
from streaming.models import Person, Run
from streaming.runs import start_task, stop_run

LOOK_SECONDS = 0.3


class Command(BaseCommand):
    help = "Start an agent's task, such as: manage.py task benchmark seconds=5. Ctrl+C stops the task."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("agent", help="the agent's name")
        parser.add_argument("arguments", nargs="*", metavar="name=value", help="what the agent is to be told")
        parser.add_argument("--person", default="", help="whose task it is (default: the first administrator)")
        parser.add_argument("--detach", action="store_true", help="only print the run's id")

    def handle(self, *_args: Any, agent: str, arguments: list[str], person: str, detach: bool, **_options: Any) -> None:
        try:
            run = start_task(owner=_owner(person), agent=agent, arguments=dict(map(_argument, arguments)))
        except StreamingError as error:
            raise CommandError(error.message) from None
        self.stdout.write(f"run {run.pk}")
        if not detach:
            self._watch(run)

    def _watch(self, run: Run) -> None:
        try:
            end = self._follow(run)
        except KeyboardInterrupt:
            stop_run(run, by=run.owner)
            end = self._follow(run)
        self.stdout.write(f"\n{end.type}")
        if isinstance(end.data, Failed):
            raise CommandError(end.data.message)

    def _follow(self, run: Run) -> StreamingEvent:
        """Print what the run says until it has ended; its terminal event."""
        seq = 0
        while True:
            for event in read(run.stream_id, seq).events:
                seq = event.seq
                self._print(event)
                if event.is_terminal:
                    return event
            time.sleep(LOOK_SECONDS)

    def _print(self, event: StreamingEvent) -> None:
        if isinstance(event.data, StreamingChunk):
            self.stdout.write(event.data.delta, ending="")
        elif isinstance(event.data, Start) and event.attempt > 1:
            self.stdout.write(f"\nIts process ended; attempt {event.attempt} begins anew.")
        elif isinstance(event.data, Progress):
            percent = "" if event.data.percent is None else f"{event.data.percent:g} % "
            self.stdout.write(f"{percent}{event.data.note}")
        self.stdout.flush()


def _owner(name: str) -> Person:
    people = Person.objects.filter(username=name) if name else Person.objects.filter(is_superuser=True, is_active=True)
    person = people.order_by("pk").first()
    if person is None:
        raise CommandError(f"There is no person named {name!r}." if name else "There is no administrator yet.")
    return person


def _argument(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals:
        raise CommandError(f"{text!r} is not name=value.")
    try:
        return name, msgspec.json.decode(value)
    except msgspec.DecodeError:
        return name, value
