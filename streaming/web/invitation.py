"""The page behind an invitation's link. A mail scanner or a link preview that opens it spends nothing."""

from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from streaming.access.invitations import find_invitation
from streaming.access.sign_up import is_invited

SESSION_KEY = "invitation"  # the id of the invitation that somebody came with


@require_safe
@never_cache
def accept_invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Remember the invitation and go to the form, whose address does not hold the secret."""
    invitation = find_invitation(token)
    if invitation is None or not is_invited(invitation.pk):
        context = {"invitation": invitation}
        return render(request, "streaming/accounts/invitation.html", context, status=HTTPStatus.GONE)
    if request.user.is_authenticated:
        return render(request, "streaming/accounts/invitation.html", {"invitation": invitation, "back": request.path})
    request.session[SESSION_KEY] = invitation.pk
    return redirect("account_signup")
