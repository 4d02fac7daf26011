"""deploy/nginx.conf: what nginx itself says of it."""

from tests.support.nginx_process import NginxProcess


def test_configuration_is_what_nginx_understands(tmp_path):
    assert NginxProcess(tmp_path, (8001, 8002)).verdict() == ""


def test_what_is_wrong_would_be_seen(tmp_path):
    nginx = NginxProcess(tmp_path, (8001, 8002))
    site = tmp_path / "site.conf"
    site.write_text(site.read_text().replace("proxy_buffering", "proxy_bufering"))
    assert "proxy_bufering" in nginx.verdict()
