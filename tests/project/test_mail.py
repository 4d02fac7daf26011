"""What the environment makes of mail."""

import pytest

from chatsite.environment import BadEnvironmentError, read_environment
from chatsite.mail import decide_mail
from chatsite.settings_table import settings_page

SECURED = {"username": "me@example.org", "password": "p/ss", "timeout": 15}


@pytest.mark.parametrize(
    ("address", "options"),
    [
        (
            "smtp+tls://me%40example.org:p%2Fss@mail.example.org:2525",
            SECURED | {"host": "mail.example.org", "port": 2525, "use_tls": True, "use_ssl": False},
        ),
        (
            "smtps://me%40example.org:p%2Fss@mail.example.org",
            SECURED | {"host": "mail.example.org", "port": None, "use_tls": False, "use_ssl": True},
        ),
        (
            "smtp://localhost:25",
            {
                "host": "localhost",
                "port": 25,
                "username": "",
                "password": "",
                "timeout": 15,
                "use_tls": False,
                "use_ssl": False,
            },
        ),
    ],
)
def test_a_mail_server_is_named_by_one_address(
    monkeypatch: pytest.MonkeyPatch, address: str, options: dict[str, object]
) -> None:
    monkeypatch.setenv("CHATSITE_MAIL_URL", address)
    mail = decide_mail(read_environment(), terminal=True)
    assert mail.goes == "server"
    assert mail.mailers["default"]["OPTIONS"] == options
    assert "p/ss" not in repr(mail)


@pytest.mark.parametrize(("terminal", "goes", "arrives"), [(True, "terminal", True), (False, "nowhere", False)])
def test_without_a_mail_server_only_a_watched_terminal_gets_mail(*, terminal: bool, goes: str, arrives: bool) -> None:
    mail = decide_mail(read_environment(), terminal=terminal)
    assert (mail.goes, mail.arrives) == (goes, arrives)


@pytest.mark.parametrize(
    ("variables", "sender"),
    [
        ({}, "chatsite <no-reply@localhost>"),
        ({"CHATSITE_PUBLIC_URL": "https://chat.example.org:8443"}, "chatsite <no-reply@chat.example.org>"),
        ({"CHATSITE_MAIL_FROM": "Chat <chat@example.org>"}, "Chat <chat@example.org>"),
    ],
)
def test_mail_has_a_sender(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], sender: str) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert decide_mail(read_environment(), terminal=True).sender == sender


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        (
            "CHATSITE_MAIL_URL",
            "mail.example.org:hunter2",
            (
                "CHATSITE_MAIL_URL cannot be used: use an address that starts with smtp:// or smtp+tls:// or smtps://, "
                "with special characters %-encoded"
            ),
        ),
        (
            "CHATSITE_MAIL_URL",
            "smtp://",
            (
                "CHATSITE_MAIL_URL cannot be used: use an address that starts with smtp:// or smtp+tls:// or smtps://, "
                "with special characters %-encoded"
            ),
        ),
        (
            "CHATSITE_MAIL_FROM",
            "nobody",
            'CHATSITE_MAIL_FROM is "nobody": use an address, such as chat@example.org or Chat <chat@example.org>',
        ),
        ("CHATSITE_SIGN_UP", "yes", 'CHATSITE_SIGN_UP is "yes": use closed, invitation or open'),
    ],
)
def test_a_bad_value_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str, complaint: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(BadEnvironmentError) as caught:
        read_environment()
    assert str(caught.value) == complaint


def test_the_table_names_the_choices() -> None:
    assert "| closed, invitation or open | `closed` |" in settings_page()
