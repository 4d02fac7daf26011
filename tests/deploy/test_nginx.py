"""deploy/nginx.conf: what nginx itself says of it."""

import ssl

import aiohttp

from deploy.cluster.process import free_port
from tests.support.deploy_files import SECRETS
from tests.support.eventually import eventually
from tests.support.nginx_process import NginxProcess


def test_configuration_is_what_nginx_understands(tmp_path):
    assert NginxProcess(tmp_path, (8001, 8002)).verdict() == ""


def test_what_is_wrong_would_be_seen(tmp_path):
    nginx = NginxProcess(tmp_path, (8001, 8002))
    site = tmp_path / "site.conf"
    site.write_text(site.read_text().replace("proxy_buffering", "proxy_bufering"))
    assert "proxy_bufering" in nginx.verdict()


async def test_secret_links_stand_in_no_log_when_nobody_serves(tmp_path):
    nginx = NginxProcess(tmp_path, (free_port(), free_port()))
    try:
        nginx.start()
        trusting = aiohttp.TCPConnector(ssl=ssl.create_default_context(cafile=str(nginx.authority)))
        async with aiohttp.ClientSession(connector=trusting) as session:
            for path in (*SECRETS, "/settings/"):
                async with session.get(nginx.url + path) as answer:
                    assert answer.status == 502
        await eventually(lambda: "GET /settings/" in nginx.output, "what fails is logged")
        assert "SECRET" not in nginx.logged
    finally:
        nginx.end()
