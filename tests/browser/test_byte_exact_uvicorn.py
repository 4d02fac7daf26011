"""The byte-exact tests once more, with uvicorn in front of the same application."""

from collections.abc import Iterator

import pytest

from tests.browser import test_byte_exact as exact
from tests.browser import test_network as network
from tests.support.server import ChatServer, running_server

pytestmark = [pytest.mark.browser, pytest.mark.long]

far_chat, keepable_chat, proxy = network.far_chat, exact.keepable_chat, network.proxy


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, environment: dict[str, str]) -> Iterator[ChatServer]:
    folder = tmp_path_factory.mktemp("uvicorn")
    with running_server(folder, environment=environment, arguments=["--server", "uvicorn"]) as server:
        yield server


for _module in (exact, network):
    globals().update({name: test for name, test in vars(_module).items() if name.startswith("test_")})
