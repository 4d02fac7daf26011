"""What is done with Redis, each in a process of the product's: doorbell, cache and broker. Knows no address."""

from pathlib import Path

from tests.support.server import manage

SECRET = {"SECRET_KEY": "only-for-tests-" * 3}
USE_BROKER = "from streaming.tasks.broker import prove_broker; prove_broker(seconds=3)"
USE_DOORBELL = """
import asyncio
from streaming import bell
asyncio.run(bell.hear_yourself(seconds=5))
"""
USE_CACHE = """
from django.core.cache import cache
cache.set("a", 1)
assert cache.get("a") == 1 and not cache._outage.lasts, "the cache is not in Redis"
"""
USE_ALL_THREE = f"""
{USE_DOORBELL}
{USE_CACHE}
from chatsite.celery import app
from streaming.tasks.broker import prove_broker
app.send_task("probe", queue="probe", retry=False)
with app.connection_for_read() as broker:
    print("MESSAGES", broker.default_channel.client.llen("probe"), prove_broker(seconds=3))
"""


def use_all_three(folder: Path, **environment: str) -> str:
    printed = manage(folder, "shell", "--verbosity", "0", "-c", USE_ALL_THREE, environment={**SECRET, **environment})
    return printed.strip()
