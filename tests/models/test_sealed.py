"""Text that is encrypted in the database."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.models import Connection
from streaming.models.sealed import UnsealError, seal, unseal


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_seal_opens_to_what_was_sealed(text):
    assert unseal(seal(text)) == text


def test_seal_hides_and_never_looks_the_same_twice():
    assert "secret" not in seal("secret")
    assert seal("secret") != seal("secret")
    assert seal("") == ""


@pytest.mark.parametrize("token", ["x", "plain text", "gAAAAA" + "x" * 40])
def test_seal_of_somebody_else_does_not_open(token):
    with pytest.raises(UnsealError, match="SECRET_KEY"):
        unseal(token)


def test_seal_broken_anywhere_does_not_open():
    token = seal("secret")
    with pytest.raises(UnsealError):
        unseal(token[:-6] + ("A" if token[-6] != "A" else "B") + token[-5:])


def test_seal_opens_with_a_former_key_and_not_without_it(settings):
    settings.SECRET_KEY = "the first key"
    token = seal("secret")
    settings.SECRET_KEY = "the second key"
    with pytest.raises(UnsealError):
        unseal(token)
    settings.SECRET_KEY_FALLBACKS = ["the first key"]
    assert unseal(token) == "secret"
    settings.SECRET_KEY_FALLBACKS = []
    settings.SECRET_KEY = "the first key"
    assert unseal(token) == "secret"


@pytest.mark.django_db
def test_field_reads_as_empty_when_its_key_is_gone(settings):
    settings.SECRET_KEY = "the first key"
    row = Connection.objects.create(kind="openai", name="x", api_key="secret")
    assert Connection.objects.get().api_key == "secret"
    Connection.objects.filter(pk=row.pk).update(api_key="another")
    assert Connection.objects.get().api_key == "another"
    settings.SECRET_KEY = "the second key"
    assert Connection.objects.get().api_key == ""
