"""The form of a group, and the groups chosen in other forms. Knows names: models are checkboxes of the page."""

from django import forms
from django.contrib.auth.models import Group
from django.http import HttpRequest


class GroupForm(forms.ModelForm):  # type: ignore[type-arg]
    """A name that no other group has."""

    class Meta:
        model = Group
        fields = ("name",)
        widgets = {"name": forms.TextInput(attrs={"autocomplete": "off"})}
        error_messages = {"name": {"unique": "There is a group of this name already. Choose another one."}}


def chosen_groups(request: HttpRequest) -> list[Group]:
    """The groups whose boxes `group` were checked; what is no group is passed over."""
    chosen = set(request.POST.getlist("group"))
    return [group for group in Group.objects.order_by("name") if str(group.pk) in chosen]
