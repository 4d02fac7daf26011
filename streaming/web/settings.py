"""The settings of one person. Knows the form; the choices belong to the models."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from streaming.models import Pace, Person
from streaming.runs.catalog import available_models
from streaming.web.layout import render_page
from streaming.web.members import person_of, signed_in

PACE_NOTES = {
    Pace.AS_IT_COMES: "Each word as soon as the model has it.",
    Pace.WORD: "Whole words, never a half one.",
    Pace.SENTENCE: "A sentence at a time.",
    Pace.LINE: "A line at a time, for slow and steady reading.",
}


class SettingsForm(forms.ModelForm):  # type: ignore[type-arg]
    """Theme, pace, and the model for new chats."""

    class Meta:
        model = Person
        fields = ("theme", "pace", "default_model")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [
            (choice.reference, f"{choice.name} · {choice.connection}") for choice in available_models(self.instance)
        ]
        self.fields["default_model"] = forms.ChoiceField(
            choices=[("", "The first one available"), *choices], required=False, label="Model for new chats"
        )


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def settings(request: HttpRequest) -> HttpResponse:
    """Show and change them."""
    person = person_of(request)
    form = SettingsForm(request.POST or None, instance=person)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, "Saved.")
        return redirect("settings")
    if form.errors:
        person.refresh_from_db()  # the form wrote what it could not accept into the row it was given
    context = {"form": form, "paces": [(pace.value, pace.label, PACE_NOTES[pace]) for pace in Pace]}
    return render_page(
        request, "streaming/settings/page.html", context, place="settings", status=422 if form.errors else 200
    )
