"""The site behind nginx and Caddy as deploy/ sets them up: TLS, sockets, event streams as they come, a dead process."""

import asyncio
import re
import shutil
import ssl
from collections.abc import AsyncIterator, Iterator

import aiohttp
import pytest

from deploy.cluster.process import free_port
from tests.support.caddy_process import CaddyProcess
from tests.support.deploy_files import SECRETS
from tests.support.eventually import eventually
from tests.support.model_server import ModelServer
from tests.support.nginx_process import NginxProcess
from tests.support.scripts import Delta, Gate, Script
from tests.support.server import ChatServer, furnished_folder
from tests.support.signing_in import PASSWORD
from tests.support.viewer import Viewer

Proxy = NginxProcess | CaddyProcess
WORDS = "the first words"


@pytest.fixture(scope="module")
def models() -> Iterator[ModelServer]:
    with ModelServer() as server:
        yield server


@pytest.fixture(scope="module", params=[NginxProcess, pytest.param(CaddyProcess, marks=pytest.mark.long)])
def proxy(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, models: ModelServer
) -> Iterator[Proxy]:
    """Before one web process that lives and one that does not."""
    server = ChatServer(shutil.copytree(furnished_folder(), tmp_path_factory.mktemp("site") / "data"))
    proxy = request.param(tmp_path_factory.mktemp("proxy"), (server.port, free_port()))
    server.environment |= {
        "OPENAI_BASE_URL": models.openai_url,
        "OPENAI_API_KEY": "test-key",
        "CHATSITE_PUBLIC_URL": proxy.url,
        "CHATSITE_TRUSTED_PROXIES": "1",
    }
    try:
        server.start()
        yield proxy.start()
    finally:
        proxy.end()
        server.stop()


@pytest.fixture
async def browser(proxy: Proxy) -> AsyncIterator[aiohttp.ClientSession]:
    """Alice, signed in through it; believes its certificate, and lies of where she comes from."""
    trusting = aiohttp.TCPConnector(ssl=ssl.create_default_context(cafile=str(proxy.authority)))
    lies = {"X-Forwarded-For": "6.6.6.6", "X-Forwarded-Proto": "http"}
    async with aiohttp.ClientSession(connector=trusting, headers=lies) as session:
        page = f"{proxy.url}/accounts/login/"
        async with session.get(page) as answer:
            token = cookies(session)["csrftoken"]
            assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
        form = {"login": "alice", "password": PASSWORD, "csrfmiddlewaretoken": token}
        async with session.post(page, data=form, headers={"Referer": page}) as answer:
            assert answer.status == 200
        yield session


def cookies(session: aiohttp.ClientSession) -> dict[str, str]:
    return {cookie.key: cookie.value for cookie in session.cookie_jar}


async def asked(proxy: Proxy, browser: aiohttp.ClientSession, models: ModelServer, gate: Gate) -> Viewer:
    """A viewer of an answer that halts at the gate."""
    models.answer("", Script([Delta(WORDS), gate, Delta(" and the last")]))
    async with browser.get(proxy.url) as answer:
        model = re.search(r'<option value="([^"]*)"[^>]*>\s*scripted', await answer.text())[1]
    headers = {"X-CSRFToken": cookies(browser)["csrftoken"], "Origin": proxy.url, "Accept": "application/json"}
    async with browser.post(f"{proxy.url}/prompts/", data={"text": "Hi", "model": model}, headers=headers) as answer:
        conversation = (await answer.json())["location"].strip("/").split("/")[-1]
    viewer = Viewer(proxy.url, conversation, cookies(browser))
    await eventually(gate.reached.is_set, "the model has said its first words")
    return viewer


async def test_socket_passes(proxy, browser, models):
    gate = Gate()
    viewer = await asked(proxy, browser, models, gate)
    await viewer.load(browser)
    async with browser.ws_connect(f"{proxy.url}/ws/c/{viewer.conversation}/", headers={"Origin": proxy.url}) as socket:
        assert (await socket.receive_json())["type"] == "hello"
        await socket.send_json({"type": "resume", "cursor": ""})
        await hear(socket, WORDS)
        gate.open()
        await hear(socket, "and the last")


async def hear(socket: aiohttp.ClientWebSocketResponse, wanted: str) -> None:
    """Return when a message shows it, whatever comes before."""
    async with asyncio.timeout(45):
        while wanted not in (await socket.receive_json()).get("content", ""):
            pass


async def test_event_stream_is_not_held_back(proxy, browser, models):
    gate = Gate()
    viewer = await asked(proxy, browser, models, gate)
    async with browser.get(f"{proxy.url}/sse/c/{viewer.conversation}/") as answer:
        assert (answer.status, answer.headers.get("Content-Encoding")) == (200, None)
        await read_until(answer, WORDS)
        gate.open()
        await read_until(answer, "and the last")


async def read_until(answer: aiohttp.ClientResponse, wanted: str) -> None:
    text = ""
    while wanted not in text:
        text += (await answer.content.readany()).decode()
        assert not answer.content.at_eof(), text


async def test_foreign_pages_are_still_refused(proxy, browser):
    with pytest.raises(aiohttp.WSServerHandshakeError):
        await browser.ws_connect(f"{proxy.url}/ws/c/{'0' * 32}/", headers={"Origin": "https://evil.example"})


async def test_plain_http_is_sent_to_https_and_cookies_stay_encrypted(proxy, browser):
    async with browser.get(f"http://localhost:{proxy.plain_port}/settings/", allow_redirects=False) as answer:
        assert (answer.status, answer.headers["Location"]) == (proxy.moved, "https://localhost/settings/")
    assert all(cookie["secure"] for cookie in browser.cookie_jar if cookie.key in {"sessionid", "csrftoken"})


async def test_what_a_visitor_says_of_his_address_is_not_believed(proxy, browser):
    async with browser.get(f"{proxy.url}/settings/security/") as answer:
        page = await answer.text()
    assert (answer.status, "127.0.0.1 · now" in page, "6.6.6.6" in page) == (200, True, False)


async def test_secret_links_stand_in_no_log(proxy, browser):
    for path in SECRETS:
        async with browser.get(proxy.url + path) as answer:
            assert answer.headers["Referrer-Policy"] == "strict-origin"
        async with browser.get(f"http://localhost:{proxy.plain_port}{path}", allow_redirects=False) as answer:
            assert answer.status == proxy.moved
    async with browser.get(f"{proxy.url}/settings/?logged") as answer:
        assert answer.headers["Referrer-Policy"] == "same-origin"
    await eventually(lambda: "/settings/?logged" in proxy.logged, "pages are logged")
    assert "SECRET" not in proxy.logged
