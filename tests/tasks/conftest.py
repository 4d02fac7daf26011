from collections.abc import Iterator

import pytest

from tests.support.work_site import WorkSite, running_work_site


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkSite]:
    with running_work_site(tmp_path_factory.mktemp("site")) as site:
        yield site
