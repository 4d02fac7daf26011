from collections.abc import Iterator

import pytest

from tests.support.model_server import ModelServer


@pytest.fixture
def models() -> Iterator[ModelServer]:
    with ModelServer() as server:
        yield server
