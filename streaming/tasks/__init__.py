"""What Celery carries: wake-ups for engines, and the life of an engine in a worker."""

from streaming.tasks.stream import stream_run

__all__ = ["stream_run"]
