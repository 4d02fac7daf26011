import json
import re
import urllib.request
from pathlib import Path
from shutil import copy, copytree

from deploy.cluster.process import ROOT
from tests.support.server import ChatServer, manage, running_server


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


def test_static_files_of_the_next_version_are_served_by_the_former_one(tmp_path: Path) -> None:
    """In the middle of an upgrade pages of both versions are open, and either process may be asked for a module."""
    former, following = copied(tmp_path / "former"), copied(tmp_path / "following")
    with (following / "static/js/page.js").open("a") as module:
        module.write("// The next version.\n")
    environment = {"CHATSITE_STATIC_DIR": str(tmp_path / "static")}
    data = tmp_path / "data"
    data.mkdir()
    server = ChatServer(data, environment=environment, version=former)
    names = tmp_path / "static/staticfiles.json"
    try:
        server.start()
        asked = [module_of(names)]
        other = ChatServer(tmp_path, environment=environment, version=following).start()
        other.stop()
        asked.append(module_of(names))
        assert asked[0] != asked[1]
        for name in asked:
            with urllib.request.urlopen(f"{server.url}/static/{name}", timeout=20) as answer:
                assert (b"The next version." in answer.read()) == (name == asked[1])
    finally:
        server.stop()


def copied(version: Path) -> Path:
    """The product in a folder of its own."""
    for part in ("chatsite", "streaming", "templates", "static"):
        copytree(ROOT / part, version / part)
    copy(ROOT / "manage.py", version)
    return version


def module_of(names: Path) -> str:
    return str(json.loads(names.read_text())["paths"]["js/page.js"])
