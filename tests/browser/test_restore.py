"""A page stays open over back-up, more talking, wipe and restore of the server it talks to (SQLite)."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext

from tests.support.around_backup import OpenPage
from tests.support.browsing import NETWORK_ERRORS, Watch
from tests.support.chat_page import ChatPage
from tests.support.copied_database import copy_of, put_back, wipe
from tests.support.model_server import ModelServer
from tests.support.server import ChatServer, manage

pytestmark = [pytest.mark.browser, pytest.mark.faults]


@pytest.fixture
def opened(
    own_server: ChatServer, new_context: Callable[..., BrowserContext], models: ModelServer, watch: Watch
) -> OpenPage:
    watch.expect(*NETWORK_ERRORS)
    manage(own_server.data_dir, "shell", "-v0", "-c", "from django.conf import settings; str(settings.SECRET_KEY)")
    return OpenPage(ChatPage(new_context(own_server.url, own_server.sign_in()).new_page()).open_new(), models)


def test_page_goes_on_over_back_up_wipe_and_restore(opened: OpenPage, own_server: ChatServer, tmp_path: Path):
    archive = tmp_path / "archive"
    opened.talk_until_the_back_up()
    manage(own_server.data_dir, "backup", str(archive))
    opened.talk_on()
    with pytest.raises(match="Another server already uses the data folder"):
        manage(own_server.data_dir, "restore", str(archive))
    wipe(own_server)
    printed = manage(own_server.data_dir, "restore", str(archive))
    assert "now marked as interrupted: 1." in printed
    own_server.start()
    opened.verify_that_it_goes_on(own_server.log)


@pytest.mark.long
def test_page_goes_on_over_a_copied_file(opened: OpenPage, own_server: ChatServer, tmp_path: Path):
    opened.talk_until_the_back_up()
    copy = copy_of(own_server, tmp_path / "copy.sqlite3")
    opened.talk_on()
    put_back(copy, own_server)
    own_server.start()
    opened.verify_that_it_goes_on(own_server.log)
