"""The byte-exact tests again, through nginx and a whole hosted site."""

from collections.abc import Iterator

import pytest

from deploy.cluster.cluster import Layout
from tests.browser.test_byte_exact import (  # noqa: F401 - these are the tests
    keepable_chat,
    test_a_busy_page_catches_up,
    test_a_frozen_and_hidden_tab_catches_up,
    test_a_page_that_stops_for_thirty_seconds_catches_up,
    test_a_second_tab_shows_the_same,
    test_back_and_forward_in_mid_stream,
    test_nasty_tokens_arrive_exactly,
    test_prose_with_html_arrives_once_and_in_order,
    test_reloading_three_times_loses_nothing,
)
from tests.support.hosted import Site, running_site
from tests.support.model_server import ModelServer

pytestmark = [pytest.mark.browser, pytest.mark.hosted, pytest.mark.long]


@pytest.fixture(scope="module", params=["daphne", "uvicorn"])
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def models(kind: str) -> Iterator[ModelServer]:
    """One for each server: what was asked before is not looked at again."""
    with ModelServer() as server:
        yield server


@pytest.fixture(scope="module")
def server(kind: str, tmp_path_factory: pytest.TempPathFactory, environment: dict[str, str]) -> Iterator[Site]:
    """In place of the embedded server."""
    chosen = {**environment, "CHATSITE_SERVER": kind}
    with running_site(tmp_path_factory.mktemp("site"), chosen, Layout(work=0, beat=False)) as site:
        yield site
