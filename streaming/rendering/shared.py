"""What was rendered for one viewer, kept for the next: bounded by its size, not by its number. Knows no HTML."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable


class Shared:
    """Texts by key, at most `characters` of them; the one that was not asked for longest leaves first.

    Used from many threads. A text that alone is larger than a quarter of all is made each time.
    """

    def __init__(self, characters: int) -> None:
        self._most = characters
        self._lock = threading.Lock()
        self._texts: OrderedDict[Hashable, str] = OrderedDict()
        self._size = 0

    @property
    def size(self) -> int:
        """How many characters are kept."""
        return self._size

    def get(self, key: Hashable, make: Callable[[], str]) -> str:
        """The text of `key`, made if it is not here."""
        with self._lock:
            text = self._texts.get(key)
            if text is not None:
                self._texts.move_to_end(key)
                return text
        text = make()
        if len(text) <= self._most // 4:
            self._keep(key, text)
        return text

    def _keep(self, key: Hashable, text: str) -> None:
        with self._lock:
            if key in self._texts:
                return
            self._texts[key] = text
            self._size += len(text)
            while self._size > self._most:
                _, oldest = self._texts.popitem(last=False)
                self._size -= len(oldest)
