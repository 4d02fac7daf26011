"""The systemd units: what systemd itself says of them."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.deploy_files import DEPLOY, ROOT, UNITS, settings_of

INSTANCES = {
    "chatsite-web@.service": "chatsite-web@8001.service",
    "chatsite-streams@.service": "chatsite-streams@1.service",
}
MOST_EXPOSED = 2.0  # of 10, by systemd's own count


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The units over this working copy, their instances made."""
    require_systemd()
    shutil.copytree(DEPLOY / "systemd", tmp_path, dirs_exist_ok=True)
    for path in [*tmp_path.glob("*.*"), *tmp_path.glob("*/*.conf")]:
        if path.is_file():
            path.write_text(path.read_text().replace("/opt/chatsite", str(ROOT)))
    for template, instance in INSTANCES.items():
        (tmp_path / instance).symlink_to(template)
    return tmp_path


def require_systemd() -> None:
    """Not every machine can have it; CI must."""
    if shutil.which("systemd-analyze") is None:
        give_up = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        give_up("systemd-analyze is not on this machine: the units were not checked by systemd")


def analyze(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    names = [INSTANCES.get(unit.name, unit.name) for unit in UNITS]
    return subprocess.run(
        ["systemd-analyze", *arguments, *(f"./{name}" for name in names)],
        cwd=folder,
        env={"SYSTEMD_UNIT_PATH": f"{folder}:", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize(("ci", "end"), [("true", pytest.fail.Exception), ("", pytest.skip.Exception)])
def test_absent_systemd_fails_in_ci_and_skips_elsewhere(monkeypatch, ci, end):
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setenv("CI", ci)
    with pytest.raises(end, match="were not checked"):
        require_systemd()


def test_units_are_what_systemd_understands(folder):
    done = analyze(folder, "verify", "--man=no")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("good", "bad", "complaint"),
    [("TimeoutStopSec=", "TimeoutStopsSec=", "TimeoutStopsSec"), ("bin/celery", "bin/salary", "not executable")],
)
def test_what_is_wrong_would_be_seen(folder, good, bad, complaint):
    unit = folder / "chatsite-work.service"
    unit.write_text(unit.read_text().replace(good, bad))
    assert complaint in analyze(folder, "verify", "--man=no").stderr


def test_units_are_confined(folder):
    done = analyze(folder, "security", "--offline=true", "--no-pager", f"--threshold={MOST_EXPOSED * 10:.0f}")
    assert done.returncode == 0, done.stdout[-2000:]
    assert done.stdout.count("Overall exposure level") == len(UNITS)


def test_units_belong_to_the_target():
    for unit in UNITS:
        settings = settings_of(unit)
        assert (settings["PartOf"], settings["WantedBy"]) == ("chatsite.target", "chatsite.target")
        assert (settings["User"], settings["NoNewPrivileges"], settings["ProtectSystem"]) == (
            "chatsite",
            "yes",
            "strict",
        )
