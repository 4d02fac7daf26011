"""Wake-ups are lost or come twice, broker and beat are dead, one run is guilty: beside twenty healthy ones."""

import time

import pytest
from celery import Celery

from tests.support import checker
from tests.support.chat_page import ChatPage
from tests.support.hosted import Site
from tests.support.load import Load, nothing_was_lost, page_has
from tests.support.log_reader import Answer
from tests.support.model_server import ModelServer
from tests.support.scripts import Script, spoken
from tests.support.waiting import until

pytestmark = [pytest.mark.faults, pytest.mark.hosted, pytest.mark.browser]
LOOK_SECONDS = 3 * 2.0
TASK, QUEUE = "streaming.tasks.wake", "streams"
WORDS = [f"w{number:05d} " for number in range(1, 20)]


def answer_to(load: Load, run: str, conversation: str) -> Answer:
    until(lambda: load.site.log.run(run).state not in {"queued", "running"}, f"run {run} ends")
    return load.site.log.checked(conversation)[-1]


def test_prompts_are_taken_while_broker_and_beat_are_dead(
    cluster: Site, load: Load, page: ChatPage, site_models: ModelServer
):
    assert cluster.beat is not None
    cluster.beat.kill()
    cluster.redis.kill()
    for number in range(5):
        prompt = f"nobody is woken {load.prompt} {number}"
        site_models.answer(prompt, Script(spoken(WORDS)))
        asked = time.monotonic()
        conversation, run = load.person.start(prompt)
        exchange = site_models.wait_for_request(prompt)
        assert exchange.started - asked <= LOOK_SECONDS
        answer = answer_to(load, run, conversation)
        assert (answer.terminal, answer.text) == ("complete", "".join(WORDS))
    cluster.redis.start()
    nothing_was_lost(load, page)


def test_messages_that_come_twice_or_late_start_nothing_again(cluster: Site, load: Load, page: ChatPage):
    runs = load.live()
    assert len(runs) == len(load.conversations)
    with Celery(broker=cluster.redis.url, set_as_current=False) as app:
        for run in (*runs, *runs, "no such run"):
            app.send_task(TASK, args=[run], queue=QUEUE)
        load.wait_until_all_stream()
        nothing_was_lost(load, page)
        for run in runs:
            app.send_task(TASK, args=[run], queue=QUEUE)
        until(lambda: b":0\r\n" in cluster.redis.ask(f"LLEN {QUEUE}"), "the late messages were taken")
    assert set(load.states().values()) == {"complete"}
    assert sum(load.prompt in one.prompt for one in load.models.exchanges) == len(runs)


def test_a_message_that_is_lost_costs_a_moment(cluster: Site, load: Load, page: ChatPage, site_models: ModelServer):
    """Somebody else takes each message from the queue as soon as it is there."""
    prompt = f"stolen {load.prompt}"
    site_models.answer(prompt, Script(spoken(WORDS)))
    cluster.control("cancel_consumer", QUEUE)  # the engines go on, nobody wakes them
    asked = time.monotonic()
    conversation, run = load.person.start(prompt)
    assert site_models.wait_for_request(prompt).started - asked <= LOOK_SECONDS
    assert answer_to(load, run, conversation).terminal == "complete"
    cluster.redis.ask(f"DEL {QUEUE}")
    cluster.control("add_consumer", QUEUE)
    nothing_was_lost(load, page)


def test_a_guilty_run_ends_alone(cluster: Site, load: Load, page: ChatPage, site_models: ModelServer):
    """NUL and lone halves of surrogate pairs are made harmless; a run whose fence was raised is refused."""
    said = [*WORDS[:5], "a\x00b", "\ud83d", "x", "\ude00", "\ud83d\ud83d", *WORDS[5:]]
    prompt = f"guilty {load.prompt}"
    site_models.answer(prompt, Script(spoken(said)))
    conversation, run = load.person.start(prompt)
    fenced = load.live()[0]
    cluster.query("UPDATE streaming_run SET fence = fence + 1 WHERE id = %s", fenced)
    answer = answer_to(load, run, conversation)
    checker.same(checker.normal("".join(said)), answer.text, "the guilty answer")
    until(lambda: fenced not in load.live(), "the fenced run has ended", seconds=60)
    answers = load.finish()
    assert {answer.terminal for answer in answers if answer.run != fenced} == {"complete"}
    assert {answer.terminal for answer in answers if answer.run == fenced} == {"interrupted"}
    page_has(page, answers)
