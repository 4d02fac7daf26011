import json
import re
import urllib.request
from pathlib import Path

from tests.support.server import manage, running_server


def test_static_files_collected_have_names_that_keep_and_modules_that_find_each_other(tmp_path: Path) -> None:
    data, collected = tmp_path / "data", tmp_path / "static"
    data.mkdir()
    environment = {"CHATSITE_STATIC_DIR": str(collected)}
    manage(data, "collectstatic", "--no-input", environment=environment)
    names = json.loads((collected / "staticfiles.json").read_text())["paths"]
    modules = [names[name] for name in names if name.startswith("js/") and name.endswith(".js")]
    assert modules
    with running_server(data, environment=environment) as server:
        for module in modules:
            with urllib.request.urlopen(f"{server.url}/static/{module}", timeout=20) as answer:
                assert "immutable" in answer.headers["Cache-Control"]
                source = answer.read().decode()
            for imported in re.findall(r"""(?:from|import)\s*["']\./([^"']+)["']""", source):
                assert f"js/{imported}" in modules, f"{module} imports {imported}"
        with urllib.request.urlopen(f"{server.url}/accounts/login/", timeout=20) as page:
            linked = re.findall(r'/static/(css/[^"]+)"', page.read().decode())
    assert linked
    assert set(linked) <= set(names.values())
