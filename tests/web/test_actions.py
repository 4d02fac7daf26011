"""Stop, retry, continue, take back, choose, rename, delete: for owners only, once, and explained when impossible."""

import re
from urllib.parse import unquote

import pytest
from django.test import Client

from streaming.chats import Sent, send_prompt
from streaming.models import ChosenPath, Conversation, Message, Person, Run
from tests.support.rows import a_chat, run_of

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "reader"])
HTMX = {"HX-Request": "true"}


@pytest.fixture
def sent(alice: Person) -> Sent:
    return a_chat(alice)


def ended(sent: Sent, text: str = "half an answer") -> Run:
    Run.objects.filter(pk=sent.run.pk).update(state=Run.State.INTERRUPTED)
    Message.objects.filter(pk=sent.answer.pk).update(parts=[["text", text]] if text else [])
    return run_of(sent)


def paths(sent: Sent) -> list[str]:
    chat = f"/c/{sent.message.conversation_id}/"
    run = f"/runs/{sent.run.pk}/"
    return [
        f"{run}stop/",
        f"{run}retry/",
        f"{run}continue/",
        f"/messages/{sent.message.pk}/remove/",
        f"{chat}path/",
        f"{chat}rename/",
        f"{chat}delete/",
    ]


def test_actions_are_not_there_for_strangers(as_bob: Client, as_staff: Client, sent: Sent):
    for client in (as_bob, as_staff):
        assert [client.post(path, {"title": "x"}).status_code for path in paths(sent)] == [404] * 7
    assert run_of(sent).state == Run.State.QUEUED
    assert Conversation.objects.get().deleted_at is None


def test_actions_send_the_unknown_to_sign_in(as_nobody: Client, sent: Sent):
    for path in paths(sent):
        assert as_nobody.post(path)["Location"] == "/accounts/login/?next=/"
        assert as_nobody.post(path, headers=HTMX)["HX-Redirect"] == "/accounts/login/?next=%2F"


def test_actions_need_post(as_alice: Client, sent: Sent):
    assert [as_alice.get(path).status_code for path in paths(sent)] == [405] * 7


def test_stop_ends_a_queued_run_and_may_be_repeated(as_alice: Client, sent: Sent):
    assert [as_alice.post(f"/runs/{sent.run.pk}/stop/").status_code for _ in range(2)] == [204, 204]
    assert run_of(sent).state == Run.State.CANCELLED


def test_stop_asks_a_running_run_to_end(as_alice: Client, sent: Sent):
    Run.objects.filter(pk=sent.run.pk).update(state=Run.State.RUNNING)
    as_alice.post(f"/runs/{sent.run.pk}/stop/")
    assert run_of(sent).stop_requested_by == "alice"


@pytest.mark.parametrize("action", ["retry", "continue"])
def test_an_answer_goes_on_once_for_each_key(as_alice: Client, sent: Sent, action: str):
    run = ended(sent)
    for key in ("one", "one", "two"):
        answer = as_alice.post(f"/runs/{run.pk}/{action}/", headers={**HTMX, "Idempotency-Key": key})
        assert answer.status_code == 204
    assert Run.objects.exclude(pk=run.pk).count() == 2


@pytest.mark.parametrize(("action", "said"), [("retry", "still being written"), ("continue", "still being written")])
def test_a_live_answer_is_not_begun_again(as_alice: Client, sent: Sent, action: str, said: str):
    answer = as_alice.post(f"/runs/{sent.run.pk}/{action}/", headers=HTMX)
    assert answer.status_code == 409
    assert answer["HX-Reswap"] == "none"
    assert said in unquote(answer["X-Problem"])


def test_nothing_is_continued_where_nothing_was_said(as_alice: Client, sent: Sent):
    run = ended(sent, text="")
    answer = as_alice.post(f"/runs/{run.pk}/continue/", headers={"Accept": "application/json"})
    assert answer.status_code == 409
    assert answer.json()["message"] == "There is no text to go on from. Use Retry instead."


def test_a_waiting_prompt_is_taken_back(as_alice: Client, alice: Person, sent: Sent):
    waiting = send_prompt(sent.message.conversation, author=alice, text="And then?")
    assert as_alice.post(f"/messages/{waiting.message.pk}/remove/").status_code == 204
    assert Message.objects.filter(removed_at=None).count() == 2
    assert run_of(waiting).state == Run.State.CANCELLED


def test_another_version_is_chosen(as_alice: Client, alice: Person, sent: Sent):
    as_alice.post(f"/runs/{ended(sent).pk}/retry/")
    path = f"/c/{sent.message.conversation_id}/path/"
    assert as_alice.post(path, {"leaf": sent.answer.pk}).status_code == 204
    assert ChosenPath.objects.get(person=alice).leaf_id == sent.answer.pk
    assert as_alice.post(path, {"leaf": "none"}).status_code == 400


def test_rename_gives_a_title(as_alice: Client, sent: Sent):
    path = f"/c/{sent.message.conversation_id}/"
    assert as_alice.post(f"{path}rename/", {"title": "  A \x00 better\n title "})["Location"] == path
    assert Conversation.objects.get().title == "A \ufffd better title"


@pytest.mark.parametrize("title", ["", "   ", "x" * 201])
def test_rename_refuses_what_is_no_title(as_alice: Client, sent: Sent, title: str):
    answer = as_alice.post(f"/c/{sent.message.conversation_id}/rename/", {"title": title})
    assert answer.status_code == 400
    assert Conversation.objects.get().title == "Hello"


@pytest.mark.parametrize(
    ("before", "back"),
    [
        ("http://testserver/c/abc/?x=1", "/c/abc/?x=1"),
        ("http://testserver//evil.example/", "/evil.example/"),
        ("http://testserver.evil.example/c/", ""),
        ("", ""),
    ],
)
def test_a_refused_form_leads_back_to_its_page(as_alice: Client, sent: Sent, before: str, back: str):
    path = f"/c/{sent.message.conversation_id}/rename/"
    html = as_alice.post(path, {"title": " "}, headers={"Referer": before}).content.decode()
    found = re.findall(r'<a class="button[^"]*" href="([^"]*)"', html)
    assert found == ([back] if back else []) + ["/"]


def test_delete_takes_the_chat_away_and_says_so(as_alice: Client, sent: Sent):
    answer = as_alice.post(f"/c/{sent.message.conversation_id}/delete/", follow=True)
    assert answer.redirect_chain == [("/", 302)]
    assert "“Hello” was deleted." in answer.content.decode()
    assert as_alice.get(f"/c/{sent.message.conversation_id}/").status_code == 404
    assert run_of(sent).state == Run.State.CANCELLED
