"""Start, execute, stop and recover runs."""

from streaming.runs.start import start_task
from streaming.runs.stop import stop_run
from streaming.runs.submit import submit_on_commit

__all__ = ["start_task", "stop_run", "submit_on_commit"]
