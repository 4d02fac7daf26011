"""What Celery carries: wake-ups for engines, housekeeping by the clock, and the life of engines in a worker."""

from streaming.tasks.housekeeping import tidy_up
from streaming.tasks.wake import wake
from streaming.tasks.worker import EngineStep, Unhurried

__all__ = ["EngineStep", "Unhurried", "tidy_up", "wake"]
