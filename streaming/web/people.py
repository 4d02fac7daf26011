"""The pages on people, for administrators: the list, one person, their groups and rights. Knows no invitation."""

import logging
from collections.abc import Callable
from functools import wraps

from allauth.account.adapter import get_adapter
from allauth.account.models import EmailAddress
from django.contrib import messages
from django.contrib.auth.models import Group
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST, require_safe

from streaming.access import groups, people
from streaming.access.factors import factors_of, reset_factors
from streaming.models import Person
from streaming.runs.stop import stop_runs_of
from streaming.web.group_forms import chosen_groups
from streaming.web.layout import render_page
from streaming.web.members import administrators_only, person_of
from streaming.web.problems import explained

logger = logging.getLogger(__name__)

PAGE = 50

type View = Callable[[HttpRequest, int], HttpResponse]


@require_safe
@administrators_only
def list_people(request: HttpRequest) -> HttpResponse:
    """Everybody, by name, or those who fit what is searched for."""
    wanted = request.GET.get("q", "").strip()
    found = people.people_like(wanted).prefetch_related("groups")
    context = {"people": Paginator(found, PAGE).get_page(request.GET.get("page")), "wanted": wanted}
    return render_page(request, "streaming/people/list.html", context, place="people")


@require_safe
@administrators_only
def person(request: HttpRequest, person_id: int) -> HttpResponse:
    """One account: groups, rights, and whether it is active."""
    somebody = get_object_or_404(Person, pk=person_id)
    context = {
        "somebody": somebody,
        "untouchable": people.why_untouchable(somebody, by=person_of(request)),
        "groups": Group.objects.order_by("name"),
        "fixed": set(groups.fixed_groups(by=person_of(request)).values_list("pk", flat=True)),
        "own": set(somebody.groups.values_list("pk", flat=True)),
        "factors": factors_of(somebody),
    }
    return render_page(request, "streaming/people/person.html", context, place="people")


def _changes(action: Callable[[HttpRequest, Person], str]) -> View:
    """A form that changes one account: `action` does it and says in a sentence what was done."""

    @require_POST
    @administrators_only
    @explained
    @wraps(action)
    def change(request: HttpRequest, person_id: int) -> HttpResponse:
        somebody = get_object_or_404(Person, pk=person_id)
        messages.success(request, action(request, somebody))
        done = {"change": action.__name__, "person": somebody.pk, "by": person_of(request).pk}
        logger.info("an account was changed", extra=done)
        return redirect("person", somebody.pk)

    return change


@_changes
def put_into_groups(request: HttpRequest, somebody: Person) -> str:
    """Make the person a member of exactly these groups."""
    groups.put_into_groups(somebody, chosen_groups(request), by=person_of(request))
    return f"The groups of {somebody} were saved."


@_changes
def deactivate(request: HttpRequest, somebody: Person) -> str:
    """End the account's sessions, streams and answers, and let nobody in with it."""
    people.deactivate(somebody, by=person_of(request))
    stop_runs_of(somebody, by=person_of(request))
    return f"{somebody} was deactivated and is signed out everywhere within 10 seconds."


@_changes
def reactivate(request: HttpRequest, somebody: Person) -> str:
    """Let them sign in again."""
    people.reactivate(somebody, by=person_of(request))
    return f"{somebody} may sign in again."


@_changes
def set_administrator(request: HttpRequest, somebody: Person) -> str:
    """Give or take the rights of an administrator."""
    made = request.POST.get("administrator") == "yes"
    people.set_administrator(somebody, administrator=made, by=person_of(request))
    return f"{somebody} is {'now' if made else 'no longer'} an administrator."


@_changes
def reset_second_factors(request: HttpRequest, somebody: Person) -> str:
    """Leave them the password alone, and tell them by mail."""
    reset_factors(somebody, by=person_of(request))
    if email := EmailAddress.objects.get_primary_email(somebody):
        values = {"person": somebody, "administrator": person_of(request)}
        get_adapter(request).send_mail("account/email/factors_reset", email, values)
    return f"The second factors of {somebody} were removed. They are signed out everywhere within 10 seconds."
