"""The pages on people, for administrators: the list, one person, their groups and rights. Knows no invitation."""

from django.contrib import messages
from django.contrib.auth.models import Group
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST, require_safe

from streaming.access import people
from streaming.models import Person
from streaming.runs.stop import stop_runs_of
from streaming.web.group_forms import chosen_groups
from streaming.web.layout import render_page
from streaming.web.members import administrators_only, person_of
from streaming.web.problems import explained

PAGE = 50


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
        "own": set(somebody.groups.values_list("pk", flat=True)),
    }
    return render_page(request, "streaming/people/person.html", context, place="people")


@require_POST
@administrators_only
def put_into_groups(request: HttpRequest, person_id: int) -> HttpResponse:
    """Make the person a member of exactly these groups."""
    somebody = get_object_or_404(Person, pk=person_id)
    somebody.groups.set(chosen_groups(request))
    return _done(request, somebody, f"The groups of {somebody} were saved.")


@require_POST
@administrators_only
@explained
def deactivate(request: HttpRequest, person_id: int) -> HttpResponse:
    """End the account's sessions, streams and answers, and let nobody in with it."""
    somebody = get_object_or_404(Person, pk=person_id)
    people.deactivate(somebody, by=person_of(request))
    stop_runs_of(somebody, by=person_of(request))
    return _done(request, somebody, f"{somebody} was deactivated and is signed out everywhere within 10 seconds.")


@require_POST
@administrators_only
@explained
def reactivate(request: HttpRequest, person_id: int) -> HttpResponse:
    """Let them sign in again."""
    somebody = get_object_or_404(Person, pk=person_id)
    people.reactivate(somebody, by=person_of(request))
    return _done(request, somebody, f"{somebody} may sign in again.")


@require_POST
@administrators_only
@explained
def set_administrator(request: HttpRequest, person_id: int) -> HttpResponse:
    """Give or take the rights of an administrator."""
    somebody = get_object_or_404(Person, pk=person_id)
    made = request.POST.get("administrator") == "yes"
    people.set_administrator(somebody, administrator=made, by=person_of(request))
    return _done(request, somebody, f"{somebody} is {'now' if made else 'no longer'} an administrator.")


def _done(request: HttpRequest, somebody: Person, sentence: str) -> HttpResponse:
    messages.success(request, sentence)
    return redirect("person", somebody.pk)
