"""Queries run on threads of our own, many at a time, and leave nothing behind."""

import asyncio
import threading
import time
from contextvars import ContextVar

import pytest
from django.conf import settings

from streaming.models import Person
from streaming.models.database import database_now, in_database
from tests.support.rows import a_person

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "reader"])
whose: ContextVar[str] = ContextVar("whose", default="nobody")


def test_query_runs_elsewhere_and_its_result_comes_back():
    a_person("alice")

    async def main() -> tuple[str, str]:
        return await in_database(lambda: (Person.objects.get().username, threading.current_thread().name))

    name, thread = asyncio.run(main())
    assert name == "alice"
    assert thread.startswith("database")


def test_queries_do_not_wait_for_each_other():
    barrier = threading.Barrier(settings.DATABASE_THREADS)

    async def main() -> None:
        await asyncio.gather(*(in_database(barrier.wait, 30) for _ in range(settings.DATABASE_THREADS)))

    asyncio.run(main())


def test_exception_comes_back_too():
    async def main() -> None:
        await in_database(Person.objects.get)

    with pytest.raises(Person.DoesNotExist):
        asyncio.run(main())


def test_context_goes_along():
    async def main() -> str:
        whose.set("alice")
        return await in_database(whose.get)

    assert asyncio.run(main()) == "alice"


def test_loop_that_ended_meanwhile_is_no_trouble():
    """The query goes on, its loop is closed: nothing is raised where nobody could catch it."""
    begun, go = threading.Event(), threading.Event()

    def slow() -> None:
        begun.set()
        assert go.wait(30)

    async def main() -> None:
        task = asyncio.create_task(in_database(slow))
        assert await asyncio.to_thread(begun.wait, 30)
        task.cancel()

    asyncio.run(main())
    go.set()


def test_database_clock_is_unix_time():
    assert abs(database_now() - time.time()) < 5
    assert database_now("reader") >= database_now() - 1
