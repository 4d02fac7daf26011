"""The pages on groups, for administrators: who may use which models. Knows forms; the rule is elsewhere."""

from dataclasses import dataclass
from itertools import groupby
from typing import Any

from django.contrib import messages
from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from streaming.access.groups import fixed_groups, prove_changeable
from streaming.access.permitted import permit, references_of
from streaming.runs.catalog import ModelChoice, listed_models
from streaming.web.group_forms import GroupForm
from streaming.web.layout import render_page
from streaming.web.members import administrators_only, person_of
from streaming.web.problems import explained

NOTHING_CHOSEN = "Nothing is chosen, so members could use no model. Choose some, or “Every model”. Nothing was saved."


@dataclass(frozen=True, slots=True)
class Offer:
    """One connection with the models it lists; `reference` stands for all of them."""

    reference: str
    name: str
    models: list[ModelChoice]


@require_http_methods(["GET", "HEAD", "POST"])
@administrators_only
def groups(request: HttpRequest) -> HttpResponse:
    """All groups, and a form for another one."""
    form = GroupForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        return redirect("group", form.save().pk)
    found = Group.objects.select_related("models").annotate(members=Count("user")).order_by("name")
    context = {"groups": found, "form": form}
    return render_page(
        request, "streaming/people/groups.html", context, place="people", status=422 if form.errors else 200
    )


@require_safe
@administrators_only
def group(request: HttpRequest, group_id: int) -> HttpResponse:
    """A group's name and models."""
    found = get_object_or_404(Group, pk=group_id)
    return _page(request, found, GroupForm(instance=found))


@require_POST
@administrators_only
@explained
def change_group(request: HttpRequest, group_id: int) -> HttpResponse:
    """Save name and models."""
    found = get_object_or_404(Group, pk=group_id)
    prove_changeable([found], by=person_of(request))
    form = GroupForm(request.POST, instance=found)
    if not form.is_valid():
        found.refresh_from_db()
        return _page(request, found, form, status=422)
    every, chosen = _wants_every(request), _chosen(request, found)
    if not every and not chosen:
        form.add_error(None, NOTHING_CHOSEN)
        found.refresh_from_db()
        return _page(request, found, form, status=422)
    with transaction.atomic():
        form.save()
        permit(found, () if every else chosen)
    messages.success(request, f"{found} was saved.")
    return redirect("group", found.pk)


@require_POST
@administrators_only
@explained
def delete_group(request: HttpRequest, group_id: int) -> HttpResponse:
    """Forget the group. Its members stay; what it allowed or limited ends."""
    found = get_object_or_404(Group, pk=group_id)
    prove_changeable([found], by=person_of(request))
    found.delete()
    messages.success(request, f"{found} was deleted.")
    return redirect("groups")


def _wants_every(request: HttpRequest) -> bool:
    return request.POST.get("models") == "every"


def _chosen(request: HttpRequest, found: Group) -> set[str]:
    """The references that were checked, of those that are offered or were chosen before."""
    known = {reference for offer in _offers() for reference in (offer.reference, *_references(offer))}
    return known.union(references_of(found)).intersection(request.POST.getlist("reference"))


def _page(request: HttpRequest, found: Group, form: GroupForm, *, status: int = 200) -> HttpResponse:
    chosen = request.POST.getlist("reference") if form.is_bound else references_of(found)
    offers = _offers()
    known = {reference for offer in offers for reference in (offer.reference, *_references(offer))}
    context: dict[str, Any] = {
        "group": found,
        "is_fixed": found in fixed_groups(by=person_of(request)),
        "form": form,
        "offers": offers,
        "chosen": set(chosen),
        "every": _wants_every(request) if form.is_bound else not chosen,
        "absent": sorted(set(references_of(found)) - known),
        "members": found.user_set.order_by("username"),
    }
    return render_page(request, "streaming/people/group.html", context, place="people", status=status)


def _offers() -> list[Offer]:
    """The connections that have models."""
    listed = groupby(listed_models(), lambda choice: (choice.reference.partition("/")[0], choice.connection))
    return [Offer(reference, name, list(choices)) for (reference, name), choices in listed]


def _references(offer: Offer) -> list[str]:
    return [choice.reference for choice in offer.models]
