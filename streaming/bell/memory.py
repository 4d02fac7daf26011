"""A Channels layer for one process with many threads and event loops. Knows no stream and no event.

Channels' own in-memory layer cannot be used across threads and scans every channel on every send.
"""

import asyncio
import re
import threading
import uuid
import weakref
from collections import deque
from typing import Any

Message = dict[str, Any]

_NAME = re.compile(r"[a-zA-Z0-9._-]+(![a-zA-Z0-9._-]*)?")  # as the specification has it, under 100 characters
MAX_NAME = 100
CAPACITY = 256  # some eight seconds of ticks for a reader that is held up; what is dropped stands in the log


class InProcessChannelLayer:
    """Channel layer specification 2 with groups and flush, safe from every thread and loop.

    A full channel drops its oldest message: what travels here is a hint. Messages never expire and are not
    copied, so nobody may change one. `send_now` and `group_send_now` are `send` and `group_send` for callers
    without a loop.
    """

    extensions = ("groups", "flush")

    def __init__(self, *, capacity: int = CAPACITY) -> None:
        self.capacity = capacity
        self._lock = threading.Lock()
        self._boxes: dict[str, _Mailbox] = {}
        self._groups: dict[str, dict[str, None]] = {}
        self._wakers: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, _Waker] = weakref.WeakKeyDictionary()

    def send_now(self, channel: str, message: Message) -> None:
        """Put `message` into `channel` and wake who waits there. Returns at once."""
        with self._lock:
            self._put(channel, message)

    def group_send_now(self, group: str, message: Message) -> None:
        """Put `message` into every channel of `group`. Returns at once."""
        with self._lock:
            for channel in self._groups.get(group, ()):
                self._put(channel, message)

    async def send(self, channel: str, message: Message) -> None:
        _require_name(channel)
        self.send_now(channel, message)

    async def group_send(self, group: str, message: Message) -> None:
        _require_name(group)
        self.group_send_now(group, message)

    async def new_channel(self, prefix: str = "specific") -> str:
        return f"{prefix}.inprocess!{uuid.uuid4().hex}"

    async def receive(self, channel: str) -> Message:
        """The oldest message of `channel`; waits for one."""
        loop = asyncio.get_running_loop()
        while True:
            with self._lock:
                box = self._box(channel)
                if box.messages:
                    message = box.messages.popleft()
                    self._tidy(channel)
                    return message
                future = loop.create_future()
                box.waiting.append((self._waker(loop), future))
            try:
                await future
            except asyncio.CancelledError:
                self._leave(channel, future)
                raise

    async def group_add(self, group: str, channel: str) -> None:
        _require_name(group)
        _require_name(channel)
        with self._lock:
            self._groups.setdefault(group, {})[channel] = None

    async def group_discard(self, group: str, channel: str) -> None:
        with self._lock:
            members = self._groups.get(group, {})
            members.pop(channel, None)
            if not members:
                self._groups.pop(group, None)

    async def flush(self) -> None:
        """Forget all messages and groups. Who waits on a channel goes on waiting."""
        with self._lock:
            self._groups.clear()
            for channel, box in list(self._boxes.items()):
                box.messages.clear()
                self._tidy(channel)

    def _put(self, channel: str, message: Message) -> None:
        box = self._box(channel)
        box.messages.append(message)
        _wake_one(box)

    def _leave(self, channel: str, future: asyncio.Future[None]) -> None:
        with self._lock:
            box = self._boxes.get(channel)
            if box is None:
                return
            box.waiting = deque(entry for entry in box.waiting if entry[1] is not future)
            if box.messages:  # the wake-up was for us; the message is for whoever is next
                _wake_one(box)
            self._tidy(channel)

    def _box(self, channel: str) -> "_Mailbox":
        box = self._boxes.get(channel)
        if box is None:
            box = self._boxes[channel] = _Mailbox(self.capacity)
        return box

    def _tidy(self, channel: str) -> None:
        box = self._boxes[channel]
        if not box.messages and not box.waiting:
            del self._boxes[channel]

    def _waker(self, loop: asyncio.AbstractEventLoop) -> "_Waker":
        waker = self._wakers.get(loop)
        if waker is None:
            waker = self._wakers[loop] = _Waker(loop, self._lock)
        return waker


class _Mailbox:
    __slots__ = ("messages", "waiting")

    def __init__(self, capacity: int) -> None:
        self.messages: deque[Message] = deque(maxlen=capacity)
        self.waiting: deque[tuple[_Waker, asyncio.Future[None]]] = deque()


class _Waker:
    """Wakes many futures of one loop with one write to its self-pipe."""

    def __init__(self, loop: asyncio.AbstractEventLoop, lock: threading.Lock) -> None:
        self._loop = weakref.ref(loop)
        self._lock = lock
        self._ready: list[asyncio.Future[None]] = []

    def wake(self, future: asyncio.Future[None]) -> bool:
        """Have `future` done soon, from any thread, with the lock held. False: its loop is gone."""
        loop = self._loop()
        if loop is None or loop.is_closed():
            return False
        if not self._ready:
            try:
                loop.call_soon_threadsafe(self._run)
            except RuntimeError:  # closed in between
                return False
        self._ready.append(future)
        return True

    def _run(self) -> None:
        with self._lock:
            ready, self._ready = self._ready, []
        for future in ready:
            if not future.done():
                future.set_result(None)


def _wake_one(box: _Mailbox) -> None:
    while box.waiting:
        waker, future = box.waiting.popleft()
        if waker.wake(future):
            return


def _require_name(name: str) -> None:
    if len(name) >= MAX_NAME or not _NAME.fullmatch(name):
        raise TypeError(f"Channel and group names are under 100 of a-z, A-Z, 0-9, dot, dash and underscore: {name!r}")
