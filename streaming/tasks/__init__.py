"""What Celery carries: wake-ups for engines, housekeeping by the clock, and the life of engines in a worker."""

from streaming.tasks.housekeeping import tidy_up
from streaming.tasks.wake import wake
from streaming.tasks.worker import EngineStep

__all__ = ["EngineStep", "tidy_up", "wake"]
