"""Whether a viewer may be sent something: asked before, and again and again meanwhile. Knows time; knows no event."""

import asyncio
from collections.abc import Callable

from streaming.models.database import AWAY, in_database
from streaming.web.admission import Admission, admit

CHECK_SECONDS = 9.0  # access is asked for at least every 10 s
UNCHECKED_SECONDS = 15.0  # nothing is sent to somebody whose access could not be asked for so long
RETRY_SECONDS = 1.0


class Standing:
    """One viewer's access to one conversation, as last known. Times are the loop's."""

    def __init__(self, admission: Admission, *, session_key: str) -> None:
        self._now = asyncio.get_running_loop().time
        self._session_key = session_key
        self.admission = admission
        self._known_at = self._now()
        self.ask_at = self._known_at + CHECK_SECONDS

    @property
    def is_known(self) -> bool:
        """Whether access was confirmed lately enough to send something."""
        return self._now() - self._known_at <= UNCHECKED_SECONDS

    async def ask(self) -> None:
        """Ask again. Raises `StreamClosedError`; while the database is away, access stays as last known for a while."""
        try:
            await self.prove()
        except AWAY:
            self.ask_at = self._now() + RETRY_SECONDS

    async def prove(self) -> None:
        """Ask again, and raise as well what the database raises."""
        await self.after(lambda: None)

    async def after[T](self, read: Callable[[], T]) -> T:
        """What `read` reads from the database, if access was there after it was read. Raises as `prove` does."""
        self.ask_at = self._now() + CHECK_SECONDS
        found, self.admission = await in_database(self._read_and_admit, read)
        self._known_at = self._now()
        return found

    def _read_and_admit[T](self, read: Callable[[], T]) -> tuple[T, Admission]:
        found = read()
        return found, admit(self._session_key, self.admission.conversation_id)
