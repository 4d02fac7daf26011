"""Live runs of a restored database: all end once, with what they had said, and nobody holds them any more."""

import pytest

from streaming.models import Engine, Run
from streaming.runs.restored import REASON, interrupt_live_runs
from streaming.runs.stop import stop_run
from tests.support.rows import a_chat, a_person, answer_of, ends, log, run_of
from tests.support.speaker import Speaker

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "reader"])


def test_live_runs_end_as_interrupted_and_ended_ones_stay():
    ended, speaking = a_chat(), a_chat()
    Run.objects.filter(pk=ended.run.pk).update(state=Run.State.COMPLETE)
    Speaker(speaking).say("half an answer")
    queued = a_chat()
    assert interrupt_live_runs() == 2
    assert (ends(queued), ends(speaking), ends(ended)) == (["interrupted"], ["interrupted"], [])
    assert answer_of(speaking).text == "half an answer"
    assert run_of(speaking).state == run_of(queued).state == Run.State.INTERRUPTED
    assert log(speaking.run.stream_id)[-1].data.reason == REASON
    assert not Engine.objects.exists()
    assert interrupt_live_runs() == 0


def test_run_that_somebody_had_stopped_ends_as_cancelled():
    alice = a_person("alice")
    chat = a_chat(alice)
    Speaker(chat).say("half")
    stop_run(run_of(chat), by=alice)
    assert interrupt_live_runs() == 1
    assert ends(chat) == ["cancelled"]
