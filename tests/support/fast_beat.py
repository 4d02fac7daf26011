"""The product's Celery application with a clock that runs fast: every chore is due each second."""

from chatsite.celery import app

for entry in app.conf.beat_schedule.values():
    entry["schedule"] = 1.0
