"""A request is answered on one thread, which stays for the next one, and a stream ends when its reader leaves."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

import asgiref.sync
import pytest
from asgiref.testing import ApplicationCommunicator
from django.core.signals import request_finished, request_started
from django.db import connection
from django.http import HttpResponse, StreamingHttpResponse
from django.urls import path

from chatsite.page_handler import THREADS, PageHandler
from chatsite.urls import urlpatterns as real
from tests.support.eventually import eventually

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "reader"])

ended: list[str] = []


async def forever(_request: Any) -> StreamingHttpResponse:
    async def pieces() -> AsyncIterator[bytes]:
        try:
            yield b"first"
            await asyncio.Event().wait()
        finally:
            ended.append("stream")

    return StreamingHttpResponse(pieces())


def broken(_request: Any) -> HttpResponse:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    raise RuntimeError


urlpatterns = [path("forever/", forever), path("broken/", broken), *real]


def asking(handler: PageHandler, address: str) -> ApplicationCommunicator:
    headers = [(b"host", b"localhost")]
    scope = {"type": "http", "method": "GET", "path": address, "query_string": b"", "headers": headers}
    return ApplicationCommunicator(handler, scope)


async def answer(handler: PageHandler, address: str = "/accounts/login/") -> int:
    asked = asking(handler, address)
    await asked.send_input({"type": "http.request", "body": b""})
    start = await asked.receive_output(30)
    while (await asked.receive_output(30)).get("more_body"):
        pass
    await asked.wait(30)
    return int(start["status"])


@pytest.fixture
def told() -> Iterator[list[tuple[str, str]]]:
    """Which signal of a request was sent on which thread."""
    found: list[tuple[str, str]] = []

    def started(**_: object) -> None:
        found.append(("started", threading.current_thread().name))

    def finished(**_: object) -> None:
        found.append(("finished", threading.current_thread().name))

    request_started.connect(started)
    request_finished.connect(finished)
    yield found
    request_started.disconnect(started)
    request_finished.disconnect(finished)


async def test_a_page_changes_threads_once(monkeypatch):
    changes = []
    whole = asgiref.sync.SyncToAsync.__call__

    async def counting(self, *args, **kwargs):
        changes.append(self.func)
        return await whole(self, *args, **kwargs)

    monkeypatch.setattr(asgiref.sync.SyncToAsync, "__call__", counting)
    assert await answer(PageHandler()) == 200
    assert len(changes) == 1


async def test_each_request_has_one_thread_and_threads_stay(told):
    handler = PageHandler()
    for _ in range(2 * THREADS):
        assert await answer(handler) == 200
    assert [name for name, _ in told] == ["started", "finished"] * (2 * THREADS)
    began, over = told[::2], told[1::2]
    assert [thread for _, thread in began] == [thread for _, thread in over]
    assert {thread for _, thread in told} <= {f"request_{number}" for number in range(THREADS)}


async def test_a_view_that_fails_is_answered_and_leaves_its_thread_fit_for_the_next(settings, told):
    settings.ROOT_URLCONF = __name__
    handler = PageHandler()
    assert [await answer(handler, "/broken/"), await answer(handler)] == [500, 200]
    assert [name for name, _ in told] == ["started", "finished"] * 2


async def test_a_stream_ends_when_its_reader_has_left(settings, told):
    settings.ROOT_URLCONF = __name__
    ended.clear()
    asked = asking(PageHandler(), "/forever/")
    await asked.send_input({"type": "http.request", "body": b""})
    assert (await asked.receive_output(30))["status"] == 200
    assert (await asked.receive_output(30))["body"] == b"first"
    await asyncio.sleep(0)
    assert ended == []
    await asked.send_input({"type": "http.disconnect"})
    await eventually(lambda: ended == ["stream"])
    await asked.wait(30)
    assert [name for name, _ in told] == ["started", "finished"]


async def test_who_leaves_before_the_request_is_whole_is_not_answered(told):
    asked = asking(PageHandler(), "/accounts/login/")
    await asked.send_input({"type": "http.disconnect"})
    await asked.wait(30)
    assert await asked.receive_nothing()
    assert told == []
