import json
import subprocess
import sys

from chatsite.environment import PROJECT_ROOT

PROGRAM = """
import logging.config, sys
from chatsite.logs import logging_settings
logging.config.dictConfig(logging_settings(sys.argv[1], "INFO"))
import structlog
logging.getLogger("streaming.a").info("said %s", "this", extra={"run": "r0"})
structlog.get_logger("streaming.b").warning("kept", run="r1")
logging.getLogger("streaming.c").debug("hidden")
logging.getLogger("django.request").warning("Not Found: /x")
try:
    1 / 0
except ZeroDivisionError:
    logging.getLogger("streaming.d").exception("failed")
"""


def _lines(mode: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, mode], cwd=PROJECT_ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == ""
    return done.stderr.splitlines()


def test_logs_are_short_lines_for_people() -> None:
    first, second, third, *trace = _lines("embedded")
    assert first[8:] == " info     said this  run=r0  (streaming.a)"
    assert second[8:] == " warning  kept  run=r1  (streaming.b)"
    assert third[8:] == " error    failed  (streaming.d)"
    assert trace[-1] == "ZeroDivisionError: division by zero"


def test_logs_are_json_when_hosted() -> None:
    first, second, third = (json.loads(line) for line in _lines("hosted"))
    assert (first["event"], first["level"], first["logger"]) == ("said this", "info", "streaming.a")
    assert first["run"] == "r0"
    assert (second["event"], second["run"]) == ("kept", "r1")
    assert third["exception"].splitlines()[-1] == "ZeroDivisionError: division by zero"
