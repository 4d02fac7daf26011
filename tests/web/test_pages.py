"""The pages one chats on: who gets them, what they carry, what they cost."""

import re

import pytest
from django.test import Client
from django.utils import timezone

from streaming.chats import create_conversation, delete_conversation, rename_conversation, send_prompt
from streaming.models import Conversation, Person, Run
from streaming.web import sidebar
from tests.support.rows import a_chat

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "reader"])


@pytest.fixture
def chat(alice: Person) -> Conversation:
    sent = a_chat(alice, "Why is the sky blue?")
    return sent.message.conversation


def address(chat: Conversation) -> str:
    return f"/c/{chat.pk}/"


def test_conversation_is_shown_to_its_owner(as_alice: Client, chat: Conversation):
    page = as_alice.get(address(chat))
    assert page.status_code == 200
    html = page.content.decode()
    assert "<title>Why is the sky blue? · chatsite</title>" in html
    assert html.count('<article class="message"') == 2
    assert re.search(r'data-cursor="[0-9a-f]+:\d+:\d+" data-seq="\d+" data-build="[0-9a-f]{12}"', html)


def test_conversation_is_not_there_for_strangers(as_bob: Client, as_staff: Client, chat: Conversation):
    assert [client.get(address(chat)).status_code for client in (as_bob, as_staff)] == [404, 404]


def test_conversation_asks_the_unknown_to_sign_in(as_nobody: Client, chat: Conversation):
    answer = as_nobody.get(address(chat))
    assert (answer.status_code, answer["Location"]) == (302, f"/accounts/login/?next={address(chat)}")


def test_conversation_that_was_deleted_is_not_there(as_alice: Client, alice: Person, chat: Conversation):
    delete_conversation(chat, by=alice)
    assert as_alice.get(address(chat)).status_code == 404


@pytest.mark.parametrize("path", ["/c/none/", "/c/%00/", "/c/" + "f" * 500 + "/"])
def test_conversation_that_never_was_is_not_there(as_alice: Client, path: str):
    page = as_alice.get(path)
    assert page.status_code == 404
    assert "There is nothing here" in page.content.decode()


@pytest.mark.parametrize("path", ["/", "/settings/"])
def test_pages_are_for_people_who_signed_in(as_alice: Client, as_nobody: Client, path: str):
    assert as_alice.get(path).status_code == 200
    assert as_nobody.get(path)["Location"] == f"/accounts/login/?next={path}"


def test_pages_are_kept_by_no_cache_and_run_no_inline_code(as_alice: Client, chat: Conversation):
    for path in ("/", address(chat), "/settings/"):
        page = as_alice.get(path)
        assert page["Cache-Control"] == "no-store, private"
        assert {"Cookie", "Accept"} <= {name.strip() for name in page["Vary"].split(",")}
        assert "'unsafe" not in page["Content-Security-Policy"]
        html = page.content.decode()
        assert re.findall(r"<script(?![^>]* src=)|<style|\son\w+=|\sstyle=|javascript:", html) == []


def test_pages_change_nothing_on_get(as_alice: Client, chat: Conversation):
    for path in ("/prompts/", f"{address(chat)}prompts/", f"{address(chat)}delete/", f"{address(chat)}rename/"):
        assert as_alice.get(path).status_code == 405


def test_titles_and_prompts_are_text(as_alice: Client, alice: Person):
    text = "<script>alert(1)</script><img src=x onerror=alert(1)>"
    sent = a_chat(alice, text)
    html = as_alice.get(address(sent.message.conversation)).content.decode()
    assert "<script>alert" not in html
    assert "<img" not in html
    assert html.count("&lt;script&gt;alert(1)&lt;/script&gt;") >= 3


def test_list_has_own_chats_newest_first_and_marks(as_alice: Client, alice: Person, bob: Person):
    first, second = a_chat(alice, "The first"), a_chat(alice, "The second")
    a_chat(bob, "Of somebody else")
    Run.objects.filter(pk=first.run.pk).update(state=Run.State.COMPLETE)
    html = as_alice.get(address(second.message.conversation)).content.decode()
    listed = re.findall(r'<a class="side-link" href="/c/(\w+)/"( aria-current="page")?>', html)
    assert listed == [
        (second.message.conversation_id, ' aria-current="page"'),
        (first.message.conversation_id, ""),
    ]
    marks = re.findall(r'class="running-mark"[^>]*?( hidden)?>', html)
    assert marks == ["", " hidden"]
    assert "somebody else" not in html


def test_running_chats_are_told_to_their_owner(
    as_alice: Client, as_bob: Client, as_nobody: Client, alice: Person, bob: Person
):
    first, second = a_chat(alice, "The first"), a_chat(alice, "The second")
    send_prompt(second.message.conversation, author=alice, text="And?")
    Run.objects.filter(pk=first.run.pk).update(state=Run.State.COMPLETE)
    a_chat(bob)
    script = {"Accept": "application/json"}
    assert as_alice.get("/chats/running/", headers=script).json() == {"running": [second.message.conversation_id]}
    assert second.message.conversation_id not in as_bob.get("/chats/running/", headers=script).content.decode()
    assert as_nobody.get("/chats/running/", headers=script).status_code == 401
    delete_conversation(second.message.conversation, by=alice)
    assert as_alice.get("/chats/running/", headers=script).json() == {"running": []}


def test_list_is_cut_and_goes_on(as_alice: Client, alice: Person, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sidebar, "PAGE", 2)
    chats = [create_conversation(owner=alice) for _ in range(5)]
    for number, chat in enumerate(chats):
        rename_conversation(chat, title=f"Chat {number}")
    Conversation.objects.update(active_at=timezone.now())  # equal times: the ids decide
    html, seen = as_alice.get("/").content.decode(), []
    while True:
        seen += re.findall(r'dir="auto">(Chat \d)<', html)
        more = re.search(r'hx-get="([^"]+)"', html)
        if not more:
            break
        html = as_alice.get(more[1].replace("&amp;", "&")).content.decode()
    assert seen == ["Chat 4", "Chat 3", "Chat 2", "Chat 1", "Chat 0"]


@pytest.mark.parametrize("before", ["nonsense", "2026-01-01T00:00:00 x", "\x00", "0001-01-01T00:00:00+14:00 x"])
def test_list_survives_a_bad_place_to_go_on_from(as_alice: Client, alice: Person, before: str):
    create_conversation(owner=alice)
    assert as_alice.get("/chats/", {"before": before}).status_code == 200


def test_pages_cost_the_same_queries_for_one_chat_and_many(
    as_alice: Client, alice: Person, chat: Conversation, django_assert_max_num_queries
):
    def queries(path: str) -> int:
        with django_assert_max_num_queries(40) as captured:
            assert as_alice.get(path).status_code == 200
        return len(captured)

    as_alice.get("/")  # the session's first request notes the session
    before = [queries("/"), queries(address(chat))]
    for _ in range(4):
        a_chat(alice)
    assert [queries("/"), queries(address(chat))] == before


def test_sidebar_opens_as_it_was_left(as_alice: Client):
    assert 'data-sidebar="open"' in as_alice.get("/").content.decode()
    as_alice.cookies["sidebar"] = "closed"
    assert 'data-sidebar="closed"' in as_alice.get("/").content.decode()
