"""What a person signs in with, and how all of it but the password is taken away. Knows tables; knows no page."""

from dataclasses import dataclass
from typing import Any

from allauth.mfa.app_settings import RECOVERY_CODE_COUNT
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.db import transaction
from django.db.models import F

from streaming.access.people import check_touchable
from streaming.models import Person


@dataclass(frozen=True, slots=True)
class Factors:
    """`app` and `codes` are None when they are not set up; `codes` counts the recovery codes that are left."""

    has_password: bool
    app: Authenticator | None
    passkeys: list[Authenticator]
    codes: int | None
    linked: list[SocialAccount]

    @property
    def has_second(self) -> bool:
        """Whether anything beside the password is asked for, or may stand in for it."""
        return bool(self.app or self.passkeys or self.codes is not None)


def factors_of(person: Person) -> Factors:
    """Everything that lets `person` in."""
    found: dict[str, list[Any]] = {}
    for each in Authenticator.objects.filter(user=person).order_by("created_at", "pk"):
        found.setdefault(each.type, []).append(each)
    apps, codes = found.get(Authenticator.Type.TOTP), found.get(Authenticator.Type.RECOVERY_CODES)
    return Factors(
        has_password=person.has_usable_password(),
        app=apps[0] if apps else None,
        passkeys=found.get(Authenticator.Type.WEBAUTHN, []),
        codes=RECOVERY_CODE_COUNT - codes[0].data["used_mask"].bit_count() if codes else None,
        linked=list(SocialAccount.objects.filter(user=person)),
    )


def reset_factors(person: Person, *, by: Person) -> None:
    """Leave `person` the password alone, for whoever has lost phone and codes; every session of the account ends.

    Raises `ConflictError`.
    """
    check_touchable(person, by=by)
    with transaction.atomic():
        Authenticator.objects.filter(user=person).delete()
        person.session_round = F("session_round") + 1
        person.save(update_fields=["session_round"])
