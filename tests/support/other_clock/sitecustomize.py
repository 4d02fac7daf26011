"""Python imports this at its start where PYTHONPATH names this folder: the process then lives by another clock."""

import os
import time

_seconds = float(os.environ["OTHER_CLOCK_SECONDS"])
_time, _time_ns = time.time, time.time_ns
time.time = lambda: _time() + _seconds
time.time_ns = lambda: _time_ns() + int(_seconds * 1e9)
