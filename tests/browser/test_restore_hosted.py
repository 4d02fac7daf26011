"""A page stays open over back-up, more talking, wipe and restore of PostgreSQL, its web process alive all the while."""

import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from playwright.sync_api import BrowserContext

from deploy.cluster.postgresql import program
from tests.support.around_backup import OpenPage
from tests.support.browsing import NETWORK_ERRORS, Watch
from tests.support.chat_page import ChatPage
from tests.support.hosted import Site, running_site
from tests.support.model_server import ModelServer
from tests.support.server import manage
from tests.support.waiting import until

pytestmark = [pytest.mark.browser, pytest.mark.hosted, pytest.mark.faults, pytest.mark.long]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, environment: dict[str, str]) -> Iterator[Site]:
    with running_site(tmp_path_factory.mktemp("site"), environment) as site:
        yield site


@pytest.fixture
def opened(site: Site, new_context: Callable[..., BrowserContext], models: ModelServer, watch: Watch) -> OpenPage:
    watch.expect(*NETWORK_ERRORS)
    return OpenPage(ChatPage(new_context(site.url, site.sign_in()).new_page()).open_new(), models)


def wipe(site: Site) -> None:
    with closing(psycopg.connect(site.postgresql.url, autocommit=True)) as database:
        database.execute("DROP SCHEMA public CASCADE")
        database.execute("CREATE SCHEMA public")


def nobody_is_alive(site: Site) -> bool:
    with closing(psycopg.connect(site.postgresql.url)) as database:
        [(alive,)] = database.execute(
            "SELECT count(*) FROM streaming_engine WHERE expires_at > extract(epoch from clock_timestamp())"
        )
    return alive == 0


def test_hosted_page_goes_on_over_back_up_wipe_and_restore(opened: OpenPage, site: Site, tmp_path: Path):
    archive = tmp_path / "archive"
    opened.talk_until_the_back_up()
    manage(site.folder, "backup", str(archive), environment=site.environment)
    opened.talk_on()
    with pytest.raises(match="1 engines are alive"):
        manage(site.folder, "restore", str(archive), environment=site.environment)
    site.streams[-1].kill()
    wipe(site)
    printed = manage(site.folder, "restore", str(archive), environment=site.environment)
    assert "now marked as interrupted: 1." in printed
    site.add_worker()
    opened.verify_that_it_goes_on(site.log)


def test_hosted_page_goes_on_over_plain_pg_restore(opened: OpenPage, site: Site, tmp_path: Path):
    opened.talk_until_the_back_up()
    dump = tmp_path / "dump"
    address = f"--dbname={site.postgresql.url}"
    subprocess.run([program("pg_dump"), "--format=custom", f"--file={dump}", address], check=True, timeout=60)
    opened.talk_on()
    site.streams[-1].kill()
    until(lambda: nobody_is_alive(site), "the killed worker's lease has expired")
    restore = [program("pg_restore"), "--clean", "--if-exists", "--single-transaction", address, str(dump)]
    subprocess.run(restore, check=True, timeout=60)
    site.add_worker()
    opened.verify_that_it_goes_on(site.log)
