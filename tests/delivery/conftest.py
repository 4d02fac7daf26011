import pytest

from streaming.bell.memory import InProcessChannelLayer
from tests.support.layers import layer_in_place


@pytest.fixture
def layer():
    """A doorbell of this test's own."""
    with layer_in_place(InProcessChannelLayer()) as layer:
        yield layer
