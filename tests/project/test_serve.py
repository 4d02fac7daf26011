import re
import stat
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.cluster.process import free_port
from tests.support.server import ChatServer, running_server, tried
from tests.support.waiting import until

IDLE_MEMORY_LIMIT = 150 * 1024 * 1024


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[ChatServer]:
    """A server that starts in an empty folder."""
    server = ChatServer(tmp_path)
    try:
        yield server.start()
    finally:
        server.stop()


def _serve(folder: Path, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return tried(folder, "serve", *arguments, environment=environment)


def test_serve_sets_up_an_empty_folder_and_prints_a_link_that_works(fresh: ChatServer) -> None:
    until(lambda: "Serving on" in fresh.output, "the address was printed")
    found = re.search(r"http://\S+/accounts/first/\S+/", fresh.output)
    assert found is not None
    assert found[0].startswith(fresh.url.replace("127.0.0.1", "localhost")), "passkeys want a name"
    with urllib.request.urlopen(found[0], timeout=60) as page:
        assert page.status == 200
        policy = page.headers["Content-Security-Policy"]
    assert "'unsafe" not in policy
    assert "script-src 'self'" in policy
    database, key = fresh.data_dir / "chatsite.sqlite3", fresh.data_dir / "secret_key"
    assert database.exists()
    assert stat.S_IMODE(key.stat().st_mode) == 0o600


def test_serve_is_quiet_and_listens_on_this_machine_only(fresh: ChatServer) -> None:
    until(lambda: "Serving on" in fresh.output, "the address was printed")
    lines = [line for line in fresh.output.splitlines() if line.strip()]
    assert len(lines) <= 6, lines
    assert "warning" not in fresh.output.lower()
    listening = Path(f"/proc/{fresh.pid}/net/tcp").read_text().splitlines()
    port = f":{fresh.port:04X}"
    assert {line.split()[1] for line in listening if line.split()[1].endswith(port) and line.split()[3] == "0A"} == {
        f"0100007F{port}"
    }


def test_serve_refuses_a_second_server_on_the_same_folder(fresh: ChatServer) -> None:
    until(lambda: "Serving on" in fresh.output, "the address was printed")
    second = _serve(fresh.data_dir, "--port", str(free_port()))
    assert second.returncode == 1
    assert f"Another server already uses the data folder {fresh.data_dir}" in second.stderr
    assert f"process {fresh.pid}, {fresh.url.replace('127.0.0.1', 'localhost')}" in second.stderr
    assert "Traceback" not in second.stderr


def test_serve_names_a_port_that_is_taken(fresh: ChatServer, tmp_path_factory: pytest.TempPathFactory) -> None:
    second = _serve(tmp_path_factory.mktemp("other"), PORT=str(fresh.port))
    assert second.returncode == 1
    assert f"Cannot listen on 127.0.0.1 port {fresh.port}: address already in use." in second.stderr
    assert "Traceback" not in second.stderr


def test_serve_starts_again_at_once_after_being_killed(fresh: ChatServer) -> None:
    fresh.kill()
    fresh.start()
    fresh.stop()
    assert fresh.output.rstrip().endswith("Stopped.")


def test_serve_ends_with_0_when_told_to_stop(fresh: ChatServer) -> None:
    fresh.ask_to_end()
    assert fresh.wait(60) == 0


def test_serve_idle_needs_little_memory(tmp_path: Path) -> None:
    with running_server(tmp_path) as server:
        with urllib.request.urlopen(f"{server.url}/accounts/login/", timeout=60) as page:
            page.read()
        assert server.memory() <= IDLE_MEMORY_LIMIT


def test_serve_refuses_web_only_without_a_redis(tmp_path: Path) -> None:
    refused = _serve(tmp_path, "--web", PORT=str(free_port()))
    assert (refused.returncode, "set REDIS_URL" in refused.stderr) == (1, True)


def test_serve_names_a_bad_variable_in_one_line(tmp_path: Path) -> None:
    refused = _serve(tmp_path, PORT="eighty")
    assert refused.returncode == 1
    assert refused.stderr.splitlines() == [
        "The environment cannot be used.",
        'PORT is "eighty": use a whole number from 0 to 65535',
    ]


def test_serve_names_a_database_that_is_away(tmp_path: Path) -> None:
    refused = _serve(tmp_path, PORT=str(free_port()), DATABASE_URL=f"postgresql://u:hunter2@127.0.0.1:{free_port()}/n")
    assert refused.returncode == 1
    assert refused.stderr.startswith("CommandError: The database cannot be used:")
    assert "hunter2" not in refused.stderr + refused.stdout


def test_serve_names_a_damaged_database(tmp_path: Path) -> None:
    (tmp_path / "chatsite.sqlite3").write_bytes(b"no database" * 1000)
    refused = _serve(tmp_path, PORT=str(free_port()))
    assert refused.returncode == 1
    assert refused.stderr.startswith("CommandError: The database cannot be used: file is not a database.")
    assert f"Bring {tmp_path}/chatsite.sqlite3 back from a backup" in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.mark.parametrize("held", [b"", b"short", b"\xff" * 64], ids=["empty", "short", "no text"])
def test_serve_names_a_damaged_secret(tmp_path: Path, held: bytes) -> None:
    (tmp_path / "secret_key").write_bytes(held)
    refused = _serve(tmp_path, PORT=str(free_port()))
    assert refused.returncode == 1
    assert f"{tmp_path}/secret_key holds no secret of 32 characters." in refused.stderr
    assert "Traceback" not in refused.stderr


def test_serve_answers_static_files_with_care(fresh: ChatServer) -> None:
    address = f"{fresh.url}/static/admin/css/base.css"
    with urllib.request.urlopen(address, timeout=60) as answer:
        body, headers = answer.read(), answer.headers
    assert len(body) == int(headers["Content-Length"])
    assert (headers["X-Content-Type-Options"], headers["Content-Type"]) == ("nosniff", 'text/css; charset="utf-8"')
    request = urllib.request.Request(address, headers={"If-None-Match": headers["ETag"]})
    with pytest.raises(urllib.error.HTTPError) as unchanged:
        urllib.request.urlopen(request, timeout=60)
    assert unchanged.value.code == 304
    for missing in ("/static/missing.css", "/static/../manage.py", "/static/%2e%2e/manage.py", "/static/%00"):
        with pytest.raises(urllib.error.HTTPError) as answered:
            urllib.request.urlopen(f"{fresh.url}{missing}", timeout=60)
        assert answered.value.code == 404


def test_serve_with_the_other_server(tmp_path: Path) -> None:
    with running_server(tmp_path, arguments=["--server", "uvicorn"]) as server:
        with urllib.request.urlopen(f"{server.url}/accounts/login/", timeout=60) as page:
            assert page.headers["Server"] == "chatsite"
        server.ask_to_end()
        assert server.wait(60) == 0
        assert server.output.rstrip().endswith("Stopped.")
