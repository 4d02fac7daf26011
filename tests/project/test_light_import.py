import subprocess
import sys

from chatsite.environment import PROJECT_ROOT

HEAVY = ("django", "channels", "daphne", "twisted", "celery", "pydantic", "openai", "anthropic")


def test_import_streaming_needs_no_django_and_loads_nothing_heavy() -> None:
    program = f"import streaming, sys; print([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=PROJECT_ROOT,
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.stdout.strip(), done.stderr, done.returncode) == ("[]", "", 0)
