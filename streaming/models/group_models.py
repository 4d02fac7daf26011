"""Which models a group may use. Knows references; whether they are connected is another's business."""

from django.contrib.auth.models import Group
from django.db import models


class GroupModels(models.Model):
    """The models of one group: `references` holds `<connection id>` for all of a connection, or `<connection>/<model>`.

    Not foreign keys: a connection that is removed must not leave an empty list behind, which would mean every model.
    """

    group = models.OneToOneField(Group, on_delete=models.CASCADE, primary_key=True, related_name="models")
    references = models.JSONField(default=list)

    def __str__(self) -> str:
        return f"models of {self.group}"
