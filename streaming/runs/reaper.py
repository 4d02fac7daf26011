"""Look each second for runs whose engine is dead, and take them over: in an engine, or beside one. Knows no run.

A web process looks too: where the only worker has died with its machine, nobody else would ever end its runs.
"""

import logging
import threading

from django.db import Error, connections

from streaming.models.database import database_now
from streaming.runs.reap import Patience, reap_given_up, reap_orphans

logger = logging.getLogger(__name__)

LOOK_SECONDS = 1.0


class Reaper:
    """Declares engines dead when it may; until then takes over what others have given up.

    It never takes over the runs of the engine `engine_id`, its own.
    """

    def __init__(self, engine_id: str = "") -> None:
        self._engine_id = engine_id
        self._patience = Patience()

    def look(self) -> int:
        """Deal with all there is; the number of runs. Blocks on the database."""
        now = database_now()
        if self._patience.reached(now):
            return reap_orphans(reaper=self._engine_id, at=now)
        return reap_given_up(reaper=self._engine_id)


class ReaperThread(threading.Thread):
    """Looks until stopped, on database connections of its own."""

    def __init__(self) -> None:
        super().__init__(name="reaper", daemon=True)
        self._reaper = Reaper()
        self._stopped = threading.Event()

    def run(self) -> None:
        """A database that is away, or anything else that fails, is tried again with the next look."""
        while not self._stopped.wait(LOOK_SECONDS):
            try:
                self._reaper.look()
            except Error as error:
                logger.warning("the database is away or refuses; nobody is declared dead", extra={"error": str(error)})
            except Exception:
                logger.exception("the look for runs of dead engines failed; it goes on")
            finally:
                connections.close_all()

    def stop(self) -> None:
        """Look no more; a look under way is waited for, for a moment."""
        self._stopped.set()
        self.join(timeout=LOOK_SECONDS)
