"""A link that signs the first administrator in once. Knows tokens and accounts; knows no page."""

from datetime import timedelta

from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.contrib.auth.hashers import make_password
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.utils import timezone
from django.utils.http import base36_to_int, int_to_base36

from streaming.models import Person

VALID_FOR = timedelta(hours=24)


class _Tokens(PasswordResetTokenGenerator):
    """Django's tokens are bound to password and last log-in, so using one spends it; theirs live longer."""

    key_salt = "streaming.access.first_login"

    def check_token(self, user: Person | None, token: str | None) -> bool:
        if not super().check_token(user, token) or token is None:
            return False
        age = self._num_seconds(self._now()) - base36_to_int(token.split("-")[0])
        return bool(age <= VALID_FOR.total_seconds())


tokens = _Tokens()


def administrators_by_age() -> list[Person]:
    """Those who may be signed in by a link, the first one first."""
    return list(Person.objects.filter(is_superuser=True, is_active=True).order_by("pk"))


def administrator_to_welcome() -> Person | None:
    """The administrator who needs a link, made when nobody exists yet; None when one has another way in, or had."""
    administrators = administrators_by_age()
    if any(_has_a_way_in(person) for person in administrators):
        return None
    if administrators:
        return administrators[0]
    if Person.objects.exists():
        return None
    # Servers that start together make one administrator, and each prints a link for it.
    unusable = {"is_staff": True, "is_superuser": True, "password": make_password(None)}
    return Person.objects.get_or_create(username="admin", defaults=unusable)[0]


def _has_a_way_in(person: Person) -> bool:
    if person.has_usable_password() or person.last_login is not None:
        return True
    mine = {"user": person}
    return Authenticator.objects.filter(**mine).exists() or SocialAccount.objects.filter(**mine).exists()


def first_login_token(person: Person) -> str:
    """What goes into the link: whose it is and the proof."""
    return f"{int_to_base36(person.pk)}.{tokens.make_token(person)}"


def find_by_token(token: str) -> Person | None:
    """Whose link this is, if it is still good."""
    owner, _, proof = token.partition(".")
    try:
        person = Person.objects.filter(pk=base36_to_int(owner), is_superuser=True, is_active=True).first()
    except (ValueError, OverflowError):
        return None
    return person if person and tokens.check_token(person, proof) else None


def spend_token(token: str) -> Person | None:
    """The person to sign in, for exactly one caller: of two at once, the second gets None."""
    person = find_by_token(token)
    if person is None:
        return None
    spent = Person.objects.filter(pk=person.pk, last_login=person.last_login, password=person.password)
    if not spent.update(last_login=timezone.now()):
        return None
    person.refresh_from_db()
    return person
