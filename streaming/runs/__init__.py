"""Start, execute, stop and recover runs."""

from streaming.runs.stop import stop_run
from streaming.runs.submit import submit_on_commit

__all__ = ["stop_run", "submit_on_commit"]
