"""Invite, revoke, accept. Knows links and accounts; knows no mail and no page."""

import secrets
from collections.abc import Iterable
from datetime import timedelta
from hashlib import sha256

from django.conf import settings
from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from streaming.access.groups import prove_changeable
from streaming.errors import ConflictError
from streaming.models import Invitation, Person

SECRET_BYTES = 32


def open_invitations() -> QuerySet[Invitation]:
    """Those that somebody may still accept, the newest first."""
    now = timezone.now()
    waiting = Invitation.objects.filter(accepted_at=None, revoked_at=None, expires_at__gt=now)
    return waiting.order_by("-created_at", "-id")


def invite(email: str, *, by: Person, groups: Iterable[Group] = ()) -> tuple[Invitation, str]:
    """A new invitation and its secret, which is kept nowhere. An earlier one of the same address is void.

    Raises `ConflictError` where the address has an account, or `by` may not put people into one of the groups.
    """
    groups = list(groups)
    prove_changeable(groups, by=by)
    email = email.strip().lower()
    if Person.objects.filter(email__iexact=email).exists():
        raise ConflictError(f"{email} has an account already. Look for it in the list.")
    secret = secrets.token_urlsafe(SECRET_BYTES)
    with transaction.atomic():
        open_invitations().filter(email=email).update(revoked_at=timezone.now())
        invitation = Invitation.objects.create(
            email=email,
            token_digest=_digest(secret),
            invited_by=by,
            expires_at=timezone.now() + timedelta(days=settings.ENVIRONMENT.invitation_days),
        )
        invitation.groups.set(groups)
    return invitation, secret


def find_invitation(secret: str) -> Invitation | None:
    """The invitation of a link, whatever has become of it."""
    return Invitation.objects.filter(token_digest=_digest(secret)).first()


def open_invitation(invitation_id: str) -> Invitation | None:
    """An invitation that may be accepted now."""
    return open_invitations().filter(pk=invitation_id).first() if invitation_id else None


def revoke(invitation: Invitation) -> bool:
    """Make its link void. False when it was accepted, revoked or expired before."""
    return bool(open_invitations().filter(pk=invitation.pk).update(revoked_at=timezone.now()))


def claim(invitation: Invitation) -> bool:
    """Take the invitation for exactly one account: of two at once, the second gets False.

    In one transaction with the account and `settle`: a process that dies in between leaves the invitation open.
    """
    return bool(open_invitations().filter(pk=invitation.pk).update(accepted_at=timezone.now()))


def settle(invitation: Invitation, person: Person) -> None:
    """The claimed invitation became `person`'s account, in its groups."""
    Invitation.objects.filter(pk=invitation.pk).update(accepted_by=person)
    person.groups.add(*invitation.groups.all())


def _digest(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()
