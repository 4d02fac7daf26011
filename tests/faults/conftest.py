from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.model_server import ModelServer


@pytest.fixture
def models() -> Iterator[ModelServer]:
    server = ModelServer()
    yield server
    server.close()


@pytest.fixture
def environment(models: ModelServer) -> dict[str, str]:
    return {"OPENAI_BASE_URL": models.openai_url, "OPENAI_API_KEY": "test-key"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"
