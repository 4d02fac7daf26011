"""One run per key, however often and from wherever the same request comes."""

import threading
from collections.abc import Callable

import pytest
from django.db import connection

from streaming.chats import Sent, continue_answer, retry_answer, send_prompt, start_chat
from streaming.chats.idempotency import MAX_KEY, KeyReusedError
from streaming.errors import InvalidInputError
from streaming.models import Conversation, Message, Run
from tests.support.rows import a_chat, a_person, connected, types

pytestmark = pytest.mark.django_db(databases=["default", "reader"])


@pytest.fixture
def alice():
    return a_person("alice")


def ended(sent: Sent, text: str = "answer") -> Run:
    Run.objects.filter(pk=sent.run.pk).update(state=Run.State.INTERRUPTED)
    Message.objects.filter(pk=sent.answer.pk).update(parts=[["text", text]])
    return Run.objects.get(pk=sent.run.pk)


def test_same_request_is_the_same_chat(alice):
    one = start_chat(owner=alice, text="Hello", key="k1")
    two = start_chat(owner=alice, text="Hello", key="k1")
    assert (one.created, two.created) == (True, False)
    assert (two.run, two.message, two.answer) == (one.run, one.message, one.answer)
    assert Conversation.objects.count() == 1


def test_same_request_is_the_same_prompt(alice):
    first = a_chat(alice)
    one = send_prompt(first.run.conversation, author=alice, text="again", key="k1")
    before = types(first.run.stream_id)
    two = send_prompt(first.run.conversation, author=alice, text="again", key="k1")
    assert (one.created, two.created, two.run) == (True, False, one.run)
    assert types(first.run.stream_id) == before


def test_same_key_with_another_body_is_refused(alice):
    first = a_chat(alice)
    send_prompt(first.run.conversation, author=alice, text="again", key="k1")
    for conversation, text, model in (
        (first.run.conversation, "something else", ""),
        (a_chat(alice).run.conversation, "again", ""),
        (first.run.conversation, "again", "demo/demo"),
    ):
        with pytest.raises(KeyReusedError):
            send_prompt(conversation, author=alice, text=text, model=model, key="k1")


def test_same_request_stays_the_same_when_the_models_have_changed_meanwhile(alice):
    connection_ = connected("http://127.0.0.1:9/v1")
    one = start_chat(owner=alice, text="Hello", key="k1")
    connection_.delete()
    assert start_chat(owner=alice, text="Hello", key="k1").run == one.run
    again = send_prompt(one.run.conversation, author=alice, text="more", model="demo/demo", key="k2")
    Conversation.objects.update(model="gone/gone")
    repeated = send_prompt(Conversation.objects.get(), author=alice, text="more", model="demo/demo", key="k2")
    assert repeated.run == again.run


def test_key_counts_within_its_owner_and_its_route(alice):
    one = start_chat(owner=alice, text="Hello", key="k1")
    two = start_chat(owner=a_person("bob"), text="Hello", key="k1")
    three = send_prompt(one.run.conversation, author=alice, text="Hello", key="k1")
    assert len({one.run.pk, two.run.pk, three.run.pk}) == 3


def test_key_with_a_nul_is_refused(alice):
    with pytest.raises(InvalidInputError, match="NUL"):
        start_chat(owner=alice, text="Hello", key="a\x00b")
    assert not Run.objects.exists()


@pytest.mark.parametrize("key", [None, ""])
def test_request_without_a_key_is_new_each_time(alice, key):
    assert start_chat(owner=alice, text="Hello", key=key).run != start_chat(owner=alice, text="Hello", key=key).run


def test_key_that_is_too_long_is_refused(alice):
    start_chat(owner=alice, text="Hello", key="x" * MAX_KEY)
    with pytest.raises(InvalidInputError, match="at most 120"):
        start_chat(owner=alice, text="Hello", key="x" * (MAX_KEY + 1))


@pytest.mark.parametrize("act", [retry_answer, continue_answer])
def test_retry_and_continue_are_idempotent_too(alice, act):
    run = ended(a_chat(alice))
    one = act(run, by=alice, key="k1")
    assert act(run, by=alice, key="k1") == one
    other = ended(a_chat(alice))
    with pytest.raises(KeyReusedError):
        act(other, by=alice, key="k1")


def at_once(count: int, act: Callable[[], Sent]) -> list[Sent | Exception]:
    results: list[Sent | Exception] = []
    barrier = threading.Barrier(count)

    def call() -> None:
        barrier.wait()
        try:
            results.append(act())
        except Exception as error:  # noqa: BLE001 - the test looks at what came of each
            results.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=call) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


@pytest.mark.django_db(transaction=True, databases=["default", "reader"])
def test_double_click_on_a_new_chat_makes_one(alice):
    results = at_once(6, lambda: start_chat(owner=alice, text="Hello", key="k1"))
    assert len({sent.run.pk for sent in results}) == 1
    assert sorted(sent.created for sent in results) == [False] * 5 + [True]
    assert (Conversation.objects.count(), Message.objects.count()) == (1, 2)


@pytest.mark.django_db(transaction=True, databases=["default", "reader"])
def test_double_click_on_send_makes_one_run(alice):
    conversation = a_chat(alice).run.conversation
    results = at_once(6, lambda: send_prompt(conversation, author=alice, text="again", key="k1"))
    assert len({sent.run.pk for sent in results}) == 1
    assert sorted(sent.created for sent in results) == [False] * 5 + [True]
    assert Message.objects.count() == 4


@pytest.mark.django_db(transaction=True, databases=["default", "reader"])
def test_prompts_sent_at_once_stand_in_one_line(alice):
    conversation = a_chat(alice).run.conversation
    results = at_once(6, lambda: send_prompt(conversation, author=alice, text="again"))
    assert len({sent.run.pk for sent in results}) == 6
    after = set(Run.objects.exclude(after=None).values_list("after_id", flat=True))
    assert len(after) == 6
    assert Message.objects.filter(parent=None).count() == 1
