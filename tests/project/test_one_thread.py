"""A page's way through the middleware costs few changes of thread."""

import asgiref.sync
import pytest
from django.test import AsyncClient

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "reader"])


async def test_page_changes_threads_a_handful_of_times(monkeypatch):
    """Two for each middleware without `stay_on_one_thread`: some 20."""
    changes = []
    real = asgiref.sync.SyncToAsync.__call__

    async def counting(self, *args, **kwargs):
        changes.append(self.func)
        return await real(self, *args, **kwargs)

    monkeypatch.setattr(asgiref.sync.SyncToAsync, "__call__", counting)
    response = await AsyncClient().get("/accounts/login/")
    assert response.status_code == 200
    assert 1 <= len(changes) <= 8
