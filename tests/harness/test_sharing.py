"""Which tests go to one process."""

import pytest

from tests.support.sharing import unit_of


@pytest.mark.parametrize(
    ("test", "unit"),
    [
        ("tests/web/test_pages.py::test_a", "tests/web/test_pages.py"),
        ("tests/llm/test_b.py::TestIt::test_c[a::b/tests/faults/]", "tests/llm/test_b.py"),
        ("tests/faults/test_redis.py::test_d", "tests/faults/"),
        ("tests/faults/test_soak.py::test_e", "tests/faults/"),
    ],
)
def test_unit_is_a_file_or_all_faults(test: str, unit: str) -> None:
    assert unit_of(test) == unit
