import pytest
from django.test import Client

from streaming.models import Person

pytestmark = pytest.mark.django_db
CHOSEN = {"theme": "dark", "pace": "sentence", "default_model": "demo/demo"}


def test_settings_are_kept_and_shown(as_alice: Client, alice: Person):
    page = as_alice.post("/settings/", CHOSEN, follow=True)
    alice.refresh_from_db()
    assert {name: getattr(alice, name) for name in CHOSEN} == CHOSEN
    html = page.content.decode()
    assert "Saved." in html
    assert '<html lang="en" data-theme="dark">' in html
    assert 'name="pace" value="sentence" checked' in html


@pytest.mark.parametrize(
    "bad", [{"theme": "neon"}, {"pace": ""}, {"default_model": "none/such"}], ids=["theme", "pace", "model"]
)
def test_settings_refuse_what_is_no_choice(as_alice: Client, alice: Person, bad: dict[str, str]):
    page = as_alice.post("/settings/", {**CHOSEN, **bad})
    assert page.status_code == 422
    assert 'class="errorlist"' in page.content.decode()
    alice.refresh_from_db()
    assert (alice.theme, alice.pace, alice.default_model) == ("system", "as_it_comes", "")


def test_settings_are_for_the_signed_in(as_nobody: Client):
    assert as_nobody.post("/settings/", CHOSEN)["Location"] == "/accounts/login/?next=/"


def test_settings_show_administration_to_staff_only(as_alice: Client, as_staff: Client):
    assert "/admin/" not in as_alice.get("/settings/").content.decode()
    assert "/admin/" in as_staff.get("/settings/").content.decode()
