"""deploy/Caddyfile: what Caddy itself says of it."""

import pytest

from tests.support.caddy_process import CaddyProcess

pytestmark = pytest.mark.long


def test_configuration_is_what_caddy_understands(tmp_path):
    assert CaddyProcess(tmp_path, (8001, 8002)).verdict() == ""


@pytest.mark.parametrize(
    ("good", "bad", "complaint"),
    [("flush_interval", "flush_intervall", "flush_intervall"), ("\tlb_policy", "  lb_policy", "not formatted")],
)
def test_what_is_wrong_would_be_seen(tmp_path, good, bad, complaint):
    caddy = CaddyProcess(tmp_path, (8001, 8002))
    file = tmp_path / "Caddyfile"
    file.write_text(file.read_text().replace(good, bad))
    assert complaint in caddy.verdict()
