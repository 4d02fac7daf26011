"""Inviting people, for administrators. A link is shown once, and kept nowhere."""

import logging
from typing import Any

from allauth.account.adapter import get_adapter
from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import Group
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from streaming.access.groups import fixed_groups
from streaming.access.invitations import invite, open_invitations, revoke
from streaming.access.sign_up import SignUp, sign_up_now
from streaming.errors import ConflictError
from streaming.models import Invitation
from streaming.web.addresses import absolute
from streaming.web.group_forms import chosen_groups
from streaming.web.layout import render_page
from streaming.web.members import administrators_only, person_of

logger = logging.getLogger(__name__)


class InvitationForm(forms.Form):
    """Whom to invite."""

    email = forms.EmailField(label="Email", widget=forms.EmailInput(attrs={"autocomplete": "off"}))


@require_http_methods(["GET", "HEAD", "POST"])
@administrators_only
@never_cache
def invitations(request: HttpRequest) -> HttpResponse:
    """Those that wait, and a form for another one; its link is in the answer to the form and nowhere else."""
    form = InvitationForm(request.POST or None)
    groups = chosen_groups(request)
    sent: dict[str, Any] = {}
    if request.method == "POST" and sign_up_now() is not SignUp.CLOSED and form.is_valid():
        try:
            sent = _invite(request, form, groups)
        except ConflictError as error:
            form.add_error("email", error.message)
        else:
            form, groups = InvitationForm(), []
    context = {
        "form": form,
        "groups": Group.objects.exclude(pk__in=fixed_groups(by=person_of(request))).order_by("name"),
        "chosen": {group.pk for group in groups},
        "invitations": open_invitations().select_related("invited_by").prefetch_related("groups"),
        "is_closed": sign_up_now() is SignUp.CLOSED,
        "days": settings.ENVIRONMENT.invitation_days,
        "mail_arrives": settings.MAIL.goes == "server",
        **sent,
    }
    status = 201 if sent else 422 if form.errors else 200
    return render_page(request, "streaming/people/invitations.html", context, place="people", status=status)


@require_POST
@administrators_only
def revoke_invitation(request: HttpRequest, invitation_id: str) -> HttpResponse:
    """Make a link void."""
    invitation = get_object_or_404(Invitation, pk=invitation_id)
    if revoke(invitation):
        messages.success(request, f"The invitation of {invitation.email} was revoked. Its link is void.")
    else:
        messages.error(request, f"The invitation of {invitation.email} was not open any more.")
    return redirect("invitations")


def _invite(request: HttpRequest, form: InvitationForm, groups: list[Group]) -> dict[str, Any]:
    invitation, secret = invite(form.cleaned_data["email"], by=person_of(request), groups=groups)
    link = absolute(request, reverse("accept_invitation", args=[secret]))
    return {"invited": invitation, "link": link, "was_sent": _send(request, invitation, link)}


def _send(request: HttpRequest, invitation: Invitation, link: str) -> bool:
    """Whether a mail server took the invitation. The administrator waits for it, to be told when it did not."""
    if not settings.MAIL.arrives:
        return False
    values = {"invitation": invitation, "link": link, "inviter": person_of(request), "site": absolute(request, "/")}
    try:
        get_adapter(request).render_mail("account/email/invitation", invitation.email, values).send()
    except OSError as error:  # smtplib's errors are OSErrors
        logger.warning("an invitation was not sent", extra={"error": type(error).__name__})
        return False
    return bool(settings.MAIL.goes == "server")
