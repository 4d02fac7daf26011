"""Prompts by POST: once for each key, errors as sentences, forms without scripts too."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from streaming.models import Conversation, Message, Person, Run
from tests.support.rows import a_chat, connected
from tests.web.conftest import client_of

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "reader"])
SCRIPT = {"Accept": "application/json"}


def post(client: Client, path: str, **form: str):
    return client.post(path, form, headers=SCRIPT)


@pytest.fixture
def chat(alice: Person) -> Conversation:
    return a_chat(alice).message.conversation


def prompts(chat: Conversation) -> str:
    return f"/c/{chat.pk}/prompts/"


def test_start_chat_says_where_it_is(as_alice: Client, alice: Person):
    answer = post(as_alice, "/prompts/", text="Hello there", key="k1")
    assert answer.status_code == 201
    run = Run.objects.select_related("message__parent").get()
    assert answer.json() == {
        "location": f"/c/{run.conversation_id}/",
        "message": run.message.parent_id,
        "answer": run.message_id,
        "run": run.pk,
    }
    assert run.owner == alice
    assert run.message.parent.text == "Hello there"


def test_start_chat_twice_with_one_key_is_one_chat(as_alice: Client):
    first, second = (post(as_alice, "/prompts/", text="Hello", key="k") for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json() == second.json()
    assert Conversation.objects.count() == 1


def test_a_key_with_another_text_is_refused(as_alice: Client):
    post(as_alice, "/prompts/", text="Hello", key="k")
    answer = post(as_alice, "/prompts/", text="Something else", key="k")
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
    assert Conversation.objects.count() == 1


def test_a_form_without_scripts_is_sent_on_to_the_chat(as_alice: Client):
    answer = as_alice.post("/prompts/", {"text": "Hello"})
    assert (answer.status_code, answer["Location"]) == (302, f"/c/{Conversation.objects.get().pk}/")
    assert as_alice.post(answer["Location"] + "prompts/", {"text": "More"})["Location"] == answer["Location"]
    assert Message.objects.filter(role="user").count() == 2


def test_send_prompt_is_the_owners_alone(
    as_alice: Client, as_bob: Client, as_staff: Client, as_nobody: Client, chat: Conversation
):
    statuses = [post(c, prompts(chat), text="Hi").status_code for c in (as_alice, as_bob, as_staff, as_nobody)]
    assert statuses == [201, 404, 404, 401]
    assert Message.objects.filter(conversation=chat, role="user").count() == 2


def test_the_signed_out_are_told_where_to_sign_in(as_nobody: Client):
    answer = as_nobody.post(
        "/prompts/", {"text": "Hello"}, headers={**SCRIPT, "Referer": "http://testserver/c/abc/?x=1"}
    )
    assert answer.status_code == 401
    assert answer.json() == {
        "code": "signed_out",
        "message": "You are signed out.",
        "sign_in": "/accounts/login/?next=%2Fc%2Fabc%2F%3Fx%3D1",
    }


def test_a_referer_of_elsewhere_leads_home(as_nobody: Client):
    headers = {**SCRIPT, "Referer": "http://testserver.evil.example/c/"}
    assert as_nobody.post("/prompts/", {"text": "x"}, headers=headers).json()["sign_in"].endswith("?next=%2F")


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({}, "nothing to send"),
        ({"text": ""}, "nothing to send"),
        ({"text": " \n\t"}, "nothing to send"),
        ({"text": "x" * 1_000_000}, "1,000,000 characters; 400,000 fit"),
        ({"text": "x", "model": "none/such"}, "not available"),
        ({"text": "x", "key": "k" * 121}, "at most 120"),
    ],
    ids=["none", "empty", "blank", "a megabyte", "unknown model", "long key"],
)
def test_bad_input_is_explained(as_alice: Client, chat: Conversation, form: dict[str, str], said: str):
    for path in ("/prompts/", prompts(chat)):
        answer = post(as_alice, path, **form)
        assert answer.status_code == 400
        assert said in answer.json()["message"]
    assert Message.objects.filter(role="user").count() == 1


def test_bad_input_of_a_form_gets_a_page(as_alice: Client):
    answer = as_alice.post("/prompts/", {"text": ""})
    assert answer.status_code == 400
    assert "nothing to send" in answer.content.decode()


@pytest.mark.parametrize(
    ("body", "stored"),
    [(b"text=a%00b", "a\ufffdb"), (b"text=a%ff%feb", "a\ufffd\ufffdb"), (b"text=%ed%a0%80", "\ufffd\ufffd\ufffd")],
    ids=["NUL", "not UTF-8", "a lone surrogate"],
)
def test_undefined_characters_are_replaced(as_alice: Client, body: bytes, stored: str):
    answer = as_alice.post("/prompts/", body, content_type="application/x-www-form-urlencoded", headers=SCRIPT)
    assert answer.status_code == 201
    assert Message.objects.get(role="user").text == stored


def test_a_body_beyond_all_measure_is_refused_in_json(as_alice: Client, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    answer = post(as_alice, "/prompts/", text="x" * 2000)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")


def test_without_the_token_nothing_is_done(alice: Person, chat: Conversation):
    client = client_of(alice, enforce_csrf_checks=True)
    answer = post(client, prompts(chat), text="Hi")
    assert (answer.status_code, answer.json()["code"]) == (403, "stale_page")
    assert "The page was out of date" in client.post(prompts(chat), {"text": "Hi"}).content.decode()
    assert Message.objects.filter(role="user").count() == 1


def test_a_prompt_in_an_old_chat_costs_few_statements(bob: Person):
    """16, and one for the lock of the key on PostgreSQL: each is waited for by whoever reads the answer."""
    model = f"{connected('http://127.0.0.1:9/v1').pk}/scripted"
    sent = a_chat(bob, model=model)
    Run.objects.update(state=Run.State.COMPLETE)
    as_bob, path = client_of(bob), prompts(sent.message.conversation)
    assert post(as_bob, path, text="Hello", model=model, key="k1").status_code == 201
    Run.objects.update(state=Run.State.COMPLETE)
    with CaptureQueriesContext(connection) as captured:
        assert post(as_bob, path, text="Hello", model=model, key="k2").status_code == 201
    said = [query["sql"] for query in captured if not query["sql"].startswith(("BEGIN", "COMMIT"))]
    assert len(said) <= 16 + (connection.vendor == "postgresql"), said
