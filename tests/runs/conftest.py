from collections.abc import Iterator

import pytest

from streaming.runs import engine, lease, reap
from tests.support.lab import Lab


@pytest.fixture
def lab(transactional_db) -> Iterator[Lab]:
    lab = Lab()
    yield lab
    lab.close()


@pytest.fixture
def short_leases(monkeypatch) -> float:
    """Leases of two seconds and a half, all else in proportion."""
    monkeypatch.setattr(lease, "LEASE_SECONDS", 2.5)
    monkeypatch.setattr(lease, "RENEW_SECONDS", 0.3)
    monkeypatch.setattr(lease, "BLOCKED_SECONDS", 0.5)
    monkeypatch.setattr(reap, "LEASE_SECONDS", 2.5)
    monkeypatch.setattr(reap, "LONGEST_GAP_SECONDS", 2.0)
    monkeypatch.setattr(engine, "LOOK_SECONDS", 0.3)
    return 2.5
