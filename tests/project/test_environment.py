import subprocess
import sys
from pathlib import Path

import pytest

from chatsite.environment import PROJECT_ROOT, BadEnvironmentError, read_environment

BAD_VALUES = [
    ("PORT", "80a", 'PORT is "80a": use a whole number from 0 to 65535'),
    ("PORT", "70000", 'PORT is "70000": use a whole number from 0 to 65535'),
    ("CHATSITE_TICK_MS", "1", 'CHATSITE_TICK_MS is "1": use a whole number from 5 to 1000'),
    ("CHATSITE_MODEL_WHOLE_SECONDS", "0", 'CHATSITE_MODEL_WHOLE_SECONDS is "0": use a number over 0 to 86400'),
    ("CHATSITE_DEBUG", "perhaps", 'CHATSITE_DEBUG is "perhaps": use yes or no'),
    (
        "OPENAI_BASE_URL",
        "localhost:80",
        (
            'OPENAI_BASE_URL is "localhost:80": '
            "use an address that starts with http:// or https://, such as https://example.org"
        ),
    ),
    (
        "CHATSITE_TRUSTED_ORIGINS",
        "https://a.example/path",
        (
            'CHATSITE_TRUSTED_ORIGINS is "https://a.example/path": '
            "use origins without a path, such as https://chat.example.org, separated by commas"
        ),
    ),
    ("CHATSITE_LOG_LEVEL", "loud", 'CHATSITE_LOG_LEVEL is "loud": use DEBUG, INFO, WARNING or ERROR'),
    (
        "CHATSITE_TIME_ZONE",
        "../etc/passwd",
        'CHATSITE_TIME_ZONE is "../etc/passwd": use a name of the tz database, such as Europe/Rome',
    ),
    (
        "CHATSITE_OIDC_ISSUER",
        "http://id.example.org",
        (
            'CHATSITE_OIDC_ISSUER is "http://id.example.org": '
            "use an address that starts with https://, such as https://id.example.org"
        ),
    ),
    (
        "CHATSITE_OIDC_ISSUER",
        "https://id.example.org",
        'CHATSITE_OIDC_CLIENT_ID is "": set it together with CHATSITE_OIDC_ISSUER',
    ),
    ("SECRET_KEY", "hunter2", "SECRET_KEY cannot be used: use at least 32 characters"),
    (
        "DATABASE_URL",
        "mysql://u:hunter2@h/n",
        (
            "DATABASE_URL cannot be used: use an address that starts with postgresql:// or postgres://, "
            "with special characters %-encoded"
        ),
    ),
    (
        "REDIS_URL",
        "redis://:x@h:hunter2/0",
        (
            "REDIS_URL cannot be used: use an address that starts with redis:// or rediss:// or unix://, "
            "with special characters %-encoded"
        ),
    ),
]


@pytest.mark.parametrize(("name", "value", "complaint"), BAD_VALUES)
def test_environment_names_a_bad_value_and_a_right_one(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, complaint: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(BadEnvironmentError) as caught:
        read_environment()
    assert str(caught.value) == complaint
    assert "hunter2" not in str(caught.value)


def test_environment_reports_every_bad_variable_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "x")
    monkeypatch.setenv("CHATSITE_DEBUG", "x")
    with pytest.raises(BadEnvironmentError) as caught:
        read_environment()
    assert [line.split()[0] for line in str(caught.value).splitlines()] == ["PORT", "CHATSITE_DEBUG"]


def test_environment_takes_an_empty_value_for_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "")
    monkeypatch.setenv("OPENAI_API_KEY", "")
    environment = read_environment()
    assert (environment.port, environment.openai_api_key) == (8000, None)


def test_environment_splits_lists_and_trims_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALLOWED_HOSTS", "a.example, b.example,")
    monkeypatch.setenv("CHATSITE_TRUSTED_ORIGINS", "https://a.example/")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://localhost:1/v1/")
    environment = read_environment()
    assert environment.allowed_hosts == ("a.example", "b.example")
    assert environment.trusted_origins == ("https://a.example",)
    assert environment.openai_base_url == "http://localhost:1/v1"


def test_environment_knows_former_secret_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY_FALLBACKS", "the last one, the one before")
    environment = read_environment()
    assert [key.get_secret_value() for key in environment.secret_key_fallbacks] == ["the last one", "the one before"]
    assert "the last one" not in repr(environment)
    told = "from django.conf import settings; print(settings.SECRET_KEY_FALLBACKS)"
    done = subprocess.run([sys.executable, "-c", told], cwd=PROJECT_ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['the last one', 'the one before']"


@pytest.mark.parametrize(
    ("address", "host"),
    [("https://chat.example.org", "chat.example.org"), ("http://[fd00::5]:8000", "[fd00::5]"), ("", "a.example")],
)
def test_environment_lets_people_use_the_public_address(
    monkeypatch: pytest.MonkeyPatch, address: str, host: str
) -> None:
    monkeypatch.setenv("ALLOWED_HOSTS", "a.example")
    monkeypatch.setenv("CHATSITE_PUBLIC_URL", address)
    assert read_environment().hosts() == list(dict.fromkeys(["a.example", host]))


def test_environment_puts_a_relative_data_folder_into_the_project(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHATSITE_DATA_DIR", "elsewhere")
    assert read_environment().data_dir == PROJECT_ROOT / "elsewhere"
    monkeypatch.delenv("CHATSITE_DATA_DIR")
    assert read_environment().data_dir == PROJECT_ROOT / "data"


def test_environment_says_why_a_data_folder_cannot_be(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    occupied = tmp_path / "file"
    occupied.touch()
    monkeypatch.setenv("CHATSITE_DATA_DIR", str(occupied / "data"))
    with pytest.raises(BadEnvironmentError, match=r"CHATSITE_DATA_DIR is .*cannot be made \(Not a directory\)"):
        read_environment().made_data_dir()


@pytest.mark.parametrize(
    ("given", "understood"),
    [
        ("", "http://127.0.0.1:11434"),
        ("0.0.0.0", "http://127.0.0.1:11434"),
        ("box:8000", "http://box:8000"),
        ("https://ollama.example/", "https://ollama.example"),
        ("[::1]:11434", "http://[::1]:11434"),
    ],
)
def test_environment_understands_what_ollama_does(monkeypatch: pytest.MonkeyPatch, given: str, understood: str) -> None:
    monkeypatch.setenv("OLLAMA_HOST", given)
    assert read_environment().ollama_host == understood


def test_environment_hides_secrets_from_its_representation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-hunter2")
    monkeypatch.setenv("DATABASE_URL", "postgresql://u:hunter2@h/n")
    environment = read_environment()
    assert "hunter2" not in repr(environment)
    assert environment.openai_api_key is not None
    assert environment.openai_api_key.get_secret_value() == "sk-hunter2"
