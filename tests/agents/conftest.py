"""A scripted model API per test, and the end of the session that talked to it."""

import pytest

from streaming.llm import close_session
from tests.support.scripted_api import served


@pytest.fixture
async def api():
    async with served() as scripted:
        yield scripted
        await close_session()
