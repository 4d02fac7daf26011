"""Pages of what Django refuses or fails at: a way back on each, and a sentence for scripts and htmx."""

from urllib.parse import unquote

import pytest
from django.db import connection
from django.test import Client

from streaming.models import Person
from tests.web.conftest import client_of

FORM = {"Referer": "http://testserver/people/groups/?a=1"}


@pytest.fixture
def without_token(staff: Person) -> Client:
    return client_of(staff, enforce_csrf_checks=True)


def test_a_stale_page_leads_back_to_itself(without_token: Client):
    answer = without_token.post("/people/groups/", {"name": "Interns"}, headers=FORM)
    assert answer.status_code == 403
    assert '<a class="button button--primary" href="/people/groups/?a=1">Load the page again</a>' in (
        answer.content.decode()
    )


def test_a_stale_page_without_an_origin_leads_to_the_chats(without_token: Client):
    for origin in ("", "https://elsewhere.example/people/groups/"):
        html = without_token.post("/people/groups/", headers={"Referer": origin}).content.decode()
        assert "Load the page again" not in html
        assert '<a class="button button--primary" href="/">Go to your chats</a>' in html


def test_a_stale_page_is_told_to_htmx_in_place(without_token: Client):
    answer = without_token.post("/people/groups/", headers={"HX-Request": "true"})
    assert (answer.status_code, answer["HX-Reswap"]) == (403, "none")
    assert unquote(answer["X-Problem"]).startswith("This page was opened before you signed in or out.")


def test_what_is_too_large_leads_back_to_its_page(as_staff: Client, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    answer = as_staff.post("/people/groups/", {"name": "x" * 2000}, headers=FORM)
    assert answer.status_code == 400
    assert '<a class="button button--primary" href="/people/groups/?a=1">Go back</a>' in answer.content.decode()


def test_a_host_that_is_not_ours_is_refused(as_nobody: Client):
    answer = as_nobody.get("/", headers={"Host": "elsewhere.example", "Referer": "http://elsewhere.example/x"})
    assert answer.status_code == 400
    assert "elsewhere.example" not in answer.content.decode()


@pytest.mark.django_db
def test_a_database_that_refuses_is_a_failure_and_no_absence(staff: Person):
    client = client_of(staff, raise_request_exception=False)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE streaming_invitation RENAME TO lost")
    answer = client.get("/people/invitations/")
    assert answer.status_code == 500
    assert "Something failed at the server" in answer.content.decode()
    assert "Retry-After" not in answer
