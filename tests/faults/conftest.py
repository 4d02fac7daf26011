"""One whole site for all faults, and twenty conversations that stream through it for each of them."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext

from deploy.cluster.cluster import Layout
from tests.support.browsing import NETWORK_ERRORS, Watch
from tests.support.chat_page import ChatPage
from tests.support.chromium import browser, new_context, watch  # noqa: F401 - fixtures
from tests.support.hosted import Site, running_site
from tests.support.load import Load
from tests.support.model_server import ModelServer
from tests.support.person import Person

# What nginx answers while a web process is gone, or that process while its database is, as Chromium puts it.
GATEWAY_ERRORS = (r"status of 50[0234]", r"Unexpected response code: 50[0234]")


@pytest.fixture
def models() -> Iterator[ModelServer]:
    with ModelServer() as server:
        yield server


@pytest.fixture
def environment(models: ModelServer) -> dict[str, str]:
    return {"OPENAI_BASE_URL": models.openai_url, "OPENAI_API_KEY": "test-key"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture(scope="package")
def site_models() -> Iterator[ModelServer]:
    with ModelServer() as server:
        yield server


@pytest.fixture(scope="package")
def whole_site(tmp_path_factory: pytest.TempPathFactory, site_models: ModelServer) -> Iterator[Site]:
    environment = {
        "OPENAI_BASE_URL": site_models.openai_url,
        "OPENAI_API_KEY": "test-key",
        "CHATSITE_AGENT_MODULES": "tests.support.work_agents",
    }
    with running_site(tmp_path_factory.mktemp("site"), environment, Layout()) as site:
        yield site


@pytest.fixture(scope="package")
def alice(whole_site: Site) -> Person:
    return Person(whole_site)


@pytest.fixture
def cluster(whole_site: Site) -> Iterator[Site]:
    """The site, whole again after each test."""
    yield whole_site
    whole_site.mend()


@pytest.fixture
def load(cluster: Site, site_models: ModelServer, alice: Person) -> Iterator[Load]:
    """Twenty conversations that stream, with a viewer each."""
    with Load(cluster, site_models, alice) as load:
        yield load


@pytest.fixture
def page(load: Load, alice: Person, new_context: Callable[..., BrowserContext], watch: Watch) -> ChatPage:  # noqa: F811
    """A Chromium that reads the first of them."""
    watch.expect(*NETWORK_ERRORS, *GATEWAY_ERRORS)
    chat = ChatPage(new_context(load.site.url, alice.cookies).new_page()).open(load.conversations[0])
    chat.wait_until_connected()
    return chat
