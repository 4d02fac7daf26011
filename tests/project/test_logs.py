import json
import logging
import subprocess
import sys

import pytest

from chatsite.environment import PROJECT_ROOT
from chatsite.log_hygiene import without_private_parts
from chatsite.logs import AbsenceNotEachSecond, NotEachSecond
from chatsite.process_role import process_role

PROGRAM = """
import logging.config, sys
from chatsite.logs import logging_settings
logging.config.dictConfig(logging_settings("INFO", for_people=sys.argv[1] == "people"))
import structlog
logging.getLogger("streaming.a").info("said %s", "this", extra={"run": "r0"})
structlog.get_logger("streaming.b").warning("kept", run="r1")
logging.getLogger("streaming.b").warning("told", extra={"run": "r2", "request": object()})
logging.getLogger("streaming.c").debug("hidden")
logging.getLogger("django.request").warning("Not Found: /x")
logging.getLogger("fido2.server").info("Credential registered: AAGUID")
try:
    1 / 0
except ZeroDivisionError:
    logging.getLogger("streaming.d").exception("failed")
"""


def _lines(who: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, who], cwd=PROJECT_ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == ""
    return done.stderr.splitlines()


def test_logs_are_short_lines_for_people() -> None:
    first, second, third, fourth, *trace = _lines("people")
    assert first[8:] == " info     said this  run=r0  (streaming.a)"
    assert second[8:] == " warning  kept  run=r1  (streaming.b)"
    assert third[8:] == " warning  told  run=r2  (streaming.b)"
    assert fourth[8:] == " error    failed  (streaming.d)"
    assert trace[-1] == "ZeroDivisionError: division by zero"


def test_logs_are_json_when_hosted() -> None:
    first, second, third, fourth = (json.loads(line) for line in _lines("collector"))
    assert (first["event"], first["level"], first["logger"]) == ("said this", "info", "streaming.a")
    assert first["run"] == "r0"
    assert (second["event"], second["run"]) == ("kept", "r1")
    assert (third["event"], third["run"]) == ("told", "r2")
    assert set(third) == {"event", "run", "level", "logger", "role", "time"}
    assert fourth["exception"].splitlines()[-1] == "ZeroDivisionError: division by zero"


PRIVATE = [
    ("duplicate key\nLINE 1: INSERT\nDETAIL:  Key (text)=(my secret) is there.", "duplicate key\nLINE 1: INSERT"),
    ("refused\nDETAIL:  Failing row contains (1, my first\nmy second secret line, 3).\nHINT: x", "refused"),
    (r"DataError('no\nDETAIL:  Failing row contains (my secret).')", "DataError('no"),
    ("Internal Server Error: /accounts/first/eyJhbGciOiJIUzI1NiJ9.abc/", "Internal Server Error: /accounts/first/…/"),
    ("away: redis://u:hunter2@db:1/0", "away: redis://u:…@db:1/0"),
    ("sentinel://:hunter2@a:1;sentinel://:hunter2@b:1", "sentinel://:…@a:1;sentinel://:…@b:1"),
    ("nothing: private@here /accounts/login/", "nothing: private@here /accounts/login/"),
]


@pytest.mark.parametrize(("said", "kept"), PRIVATE)
def test_logs_leave_private_parts_out(said: str, kept: str) -> None:
    assert without_private_parts(None, "", {"event": said, "n": 1}) == {"event": kept, "n": 1}


def test_logs_tell_an_absence_once_a_minute_and_without_its_trace() -> None:
    once = NotEachSecond()
    records = [logging.makeLogRecord({"msg": "away", "created": float(second)}) for second in range(100)]
    records[0].exc_info = (OSError, OSError("refused"), None)
    assert [record.created for record in records if once.filter(record)] == [0.0, 60.0]
    assert (records[0].getMessage(), records[0].exc_info) == ("away: OSError('refused')", None)


ROLES = [
    ("manage.py serve --web --port 80", "web"),
    ("manage.py serve", "server"),
    ("manage.py doctor", "doctor"),
    ("/x/bin/celery -A chatsite.celery worker -Q streams -P threads", "worker streams"),
    ("/x/celery/__main__.py -A chatsite.celery worker --queues=streams,work", "worker streams,work"),
    ("/x/bin/celery -A chatsite.celery worker", "worker"),
    ("/x/bin/celery -A chatsite.celery beat", "beat"),
    ("/x/bin/pytest -q", "pytest"),
]


@pytest.mark.parametrize(("command", "role"), ROLES)
def test_logs_name_what_the_process_is_for(command: str, role: str) -> None:
    assert process_role(command.split()) == role


def test_an_absence_is_told_once_a_minute_and_failures_always():
    absence = AbsenceNotEachSecond()

    def passes(seconds: float, status: int) -> bool:
        record = logging.makeLogRecord({"created": seconds, "status_code": status, "msg": "x"})
        return bool(absence.filter(record))

    assert [passes(s, 503) for s in (0, 1, 59, 61, 62)] == [True, False, False, True, False]
    assert [passes(s, 500) for s in (1, 2)] == [True, True]
