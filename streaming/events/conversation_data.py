"""What happens to a conversation beside its answers: messages, branches, properties, access. Knows no run."""

from typing import Literal

from streaming.events.data import EventData


class MessageAdded(EventData, frozen=True):
    """A message joined the tree below `parent` ("" is the root). An assistant's message names its run."""

    id: str
    role: Literal["user", "assistant"]
    parent: str = ""
    text: str = ""
    author: str = ""
    run_id: str = ""
    model: str = ""
    queued: bool = False


class MessageRemoved(EventData, frozen=True):
    """A message (and what hangs below it) was taken back."""

    id: str


class PathChosen(EventData, frozen=True):
    """A person now looks at the branch that ends in the message `leaf`."""

    person: str
    leaf: str


class ConversationChanged(EventData, frozen=True):
    """New values of a conversation's properties; absent ones are unchanged."""

    title: str | None = None
    model: str | None = None
    folder: str | None = None
    pinned: bool | None = None
    deleted: bool | None = None


class AccessChanged(EventData, frozen=True):
    """A person gained or lost access, or sessions of theirs ended: who follows asks anew. `granted`: may read still."""

    person: str
    granted: bool
