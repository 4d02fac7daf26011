"""What a person does at the sign-in pages in a browser. The one place that knows their fields."""

import re

from playwright.sync_api import Page, expect

from tests.support.signing_in import PASSWORD

MORE_PEOPLE = f"""
from django.contrib.auth import get_user_model
from allauth.account.models import EmailAddress
for name in ("carol", "dana", "erin", "frank", "gina"):
    person = get_user_model().objects.create_user(name, name + "@example.org", {PASSWORD!r})
    EmailAddress.objects.create(user=person, email=person.email, verified=True, primary=True)
"""


def sign_in(page: Page, name: str) -> None:
    page.goto("/accounts/login/")
    page.get_by_label("Name or email").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    with page.expect_navigation():  # whoever goes elsewhere before the answer has come is not signed in
        page.get_by_role("button", name="Sign in", exact=True).click()


def sign_out(page: Page) -> None:
    page.goto("/settings/")
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url(re.compile("/accounts/login/"))


def confirm(page: Page) -> None:
    """The password is asked for again."""
    expect(page.get_by_role("heading", name="Confirm it is you")).to_be_visible()
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    with page.expect_navigation():
        page.get_by_role("button", name="Confirm").click()
