"""The address that is printed for people: one that reaches the server and that passkeys work with."""

import pytest

from streaming.management.listening import address_for_people

LOCAL = ["localhost", "127.0.0.1", "[::1]"]


@pytest.mark.parametrize(
    ("host", "allowed", "shown"),
    [
        ("127.0.0.1", LOCAL, "http://localhost:8000"),
        ("0.0.0.0", LOCAL, "http://localhost:8000"),
        ("127.0.0.1", ["127.0.0.1"], "http://127.0.0.1:8000"),
        ("192.0.2.7", LOCAL, "http://192.0.2.7:8000"),
        ("::1", LOCAL, "http://[::1]:8000"),
    ],
)
def test_people_are_told_a_name_where_one_reaches_the_server(host: str, allowed: list[str], shown: str):
    assert address_for_people(host, 8000, public_url="", allowed=allowed) == shown


def test_the_public_address_goes_first():
    assert (
        address_for_people("0.0.0.0", 8000, public_url="https://chat.example", allowed=LOCAL) == "https://chat.example"
    )
