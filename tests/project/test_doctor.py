from pathlib import Path

from deploy.cluster.process import free_port
from tests.support.identity_provider import IdentityProvider
from tests.support.server import manage, running_server, tried


def _doctor(folder: Path, **environment: str) -> tuple[int, dict[str, str]]:
    done = tried(folder, "doctor", environment=environment)
    assert "Traceback" not in done.stderr
    assert "hunter2" not in done.stdout + done.stderr
    lines = [line for line in done.stdout.splitlines() if line[0] in "✓•✗"]
    return done.returncode, {line[2:].partition(":")[0]: line for line in lines}


def test_doctor_finds_a_running_server_well(tmp_path: Path) -> None:
    with running_server(tmp_path):
        code, found = _doctor(tmp_path)
    assert code == 0
    assert found["data folder"].endswith("a server runs on it")
    assert found["engines"].startswith("✓ engines: 1 alive")
    assert found["people"] == "✓ people: 2 (administrators: 1)"
    assert found["channel layer"] == "✓ channel layer: a message came through"
    assert found["mode"].startswith("✓ mode: embedded")


def test_doctor_says_what_an_empty_folder_lacks_and_makes_nothing_of_it(tmp_path: Path) -> None:
    code, found = _doctor(tmp_path)
    assert code == 0
    assert found["database"] == f"• database: manage.py serve will make {tmp_path}/chatsite.sqlite3"
    assert found["data folder"].endswith("no server runs on it")
    assert found["secret key"] == f"✓ secret key: will be made in {tmp_path}/secret_key"
    assert list(tmp_path.iterdir()) == []


def test_doctor_fails_for_a_secret_that_others_may_read(tmp_path: Path) -> None:
    key = tmp_path / "secret_key"
    key.write_text("x" * 64)
    key.chmod(0o644)
    code, found = _doctor(tmp_path)
    assert code == 1
    assert found["secret key"] == f"✗ secret key: Others on this machine may read it: chmod 600 {key}"


def test_doctor_fails_for_services_that_are_away(tmp_path: Path) -> None:
    away = f"127.0.0.1:{free_port()}"
    code, found = _doctor(
        tmp_path, REDIS_URL=f"redis://:hunter2@{away}/0", DATABASE_URL=f"postgresql://u:hunter2@{away}/n"
    )
    assert code == 1
    assert {name for name, line in found.items() if line[0] == "✗"} == {"database", "channel layer", "broker"}


def test_doctor_finds_hosted_processes_on_sqlite_wrong(tmp_path: Path) -> None:
    code, found = _doctor(tmp_path, REDIS_URL=f"redis://127.0.0.1:{free_port()}/0")
    assert code == 1
    assert found["hosted"].startswith("✗ hosted: SQLite is one machine's file")


def test_doctor_asks_the_model_apis(tmp_path: Path) -> None:
    away = f"http://127.0.0.1:{free_port()}/v1"
    with running_server(tmp_path, environment={"OPENAI_BASE_URL": away, "OPENAI_API_KEY": "sk-hunter2"}):
        code, found = _doctor(tmp_path, OPENAI_BASE_URL=away, OPENAI_API_KEY="sk-hunter2")
    assert code == 1
    assert found["model API OpenAI-compatible"].startswith("✗")
    assert found["model API Ollama"].startswith("•")


def test_doctor_is_a_management_command_with_help(tmp_path: Path) -> None:
    assert "reachable and missing" in " ".join(manage(tmp_path, "doctor", "--help").split())


def test_doctor_asks_the_identity_provider(tmp_path: Path) -> None:
    provider = IdentityProvider()
    code, found = _doctor(tmp_path, **provider.environment)
    assert (code, found["identity provider"]) == (0, f"✓ identity provider: {provider.issuer} answers")
    provider.faults.add("away")
    code, found = _doctor(tmp_path, **provider.environment)
    assert code == 1
    assert found["identity provider"].startswith("✗ identity provider: 503")
    provider.close()
