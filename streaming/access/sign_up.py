"""Who may make an account. Knows the setting and invitations; knows no form."""

from enum import StrEnum

from django.conf import settings

from streaming.access.invitations import open_invitation


class SignUp(StrEnum):
    """What the site allows now. `NO_MAIL`: everybody might, but addresses cannot be confirmed."""

    CLOSED = "closed"
    INVITATION = "invitation"
    OPEN = "open"
    NO_MAIL = "no_mail"


def sign_up_now() -> SignUp:
    """The setting, as far as it can be kept."""
    wanted = SignUp(settings.ENVIRONMENT.sign_up)
    return SignUp.NO_MAIL if wanted is SignUp.OPEN and not settings.MAIL.arrives else wanted


def may_sign_up(invitation_id: str = "") -> bool:
    """Whether somebody may make an account, `invitation_id` being the invitation they came with."""
    return sign_up_now() is SignUp.OPEN or is_invited(invitation_id)


def is_invited(invitation_id: str) -> bool:
    """Whether this invitation may be accepted now."""
    return sign_up_now() is not SignUp.CLOSED and open_invitation(invitation_id) is not None
