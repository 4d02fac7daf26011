"""Start an agent's task: work that belongs to no conversation. Knows no agent's inner life."""

from typing import Any

from django.db import transaction

from streaming.models import Person, Run, Stream
from streaming.runs.agents import queue_of
from streaming.runs.submit import submit_on_commit


def start_task(*, owner: Person, agent: str, arguments: dict[str, Any]) -> Run:
    """A queued run of `agent` on a stream of its own. `arguments` are plain values. Raises `InvalidInputError`."""
    queue = queue_of(agent)
    with transaction.atomic():
        run = Run.objects.create(
            owner=owner, stream=Stream.objects.create(), agent=agent, queue=queue, parameters=arguments
        )
        submit_on_commit(run.pk, queue=queue)
    return run
