"""The words a stream is made of: types of events, their data, the envelope. Knows no database, socket or model."""

from enum import StrEnum

import msgspec

from streaming.events.conversation_data import (
    AccessChanged,
    ConversationChanged,
    MessageAdded,
    MessageRemoved,
    PathChosen,
)
from streaming.events.data import EventData
from streaming.events.run_data import (
    Approval,
    Artifact,
    Cancelled,
    Complete,
    Failed,
    Handoff,
    Interrupted,
    Metadata,
    Progress,
    Start,
    Step,
    StreamingChunk,
    ToolCall,
    ToolResult,
)


class StreamingEventType(StrEnum):
    """What an event tells. The first group comes from runs, the second from the conversation itself."""

    START = "start"
    CHUNK = "chunk"
    TOOL_CALL = "tool_call"
    TOOL_RESULT = "tool_result"
    APPROVAL = "approval"
    PROGRESS = "progress"
    STEP = "step"
    ARTIFACT = "artifact"
    HANDOFF = "handoff"
    METADATA = "metadata"
    COMPLETE = "complete"
    CANCELLED = "cancelled"
    ERROR = "error"
    INTERRUPTED = "interrupted"

    MESSAGE = "message"
    MESSAGE_REMOVED = "message_removed"
    PATH = "path"
    CONVERSATION = "conversation"
    ACCESS = "access"


TERMINAL_TYPES = frozenset(
    {
        StreamingEventType.COMPLETE,
        StreamingEventType.CANCELLED,
        StreamingEventType.ERROR,
        StreamingEventType.INTERRUPTED,
    }
)

DATA_TYPES: dict[StreamingEventType, type[EventData]] = {
    StreamingEventType.START: Start,
    StreamingEventType.CHUNK: StreamingChunk,
    StreamingEventType.TOOL_CALL: ToolCall,
    StreamingEventType.TOOL_RESULT: ToolResult,
    StreamingEventType.APPROVAL: Approval,
    StreamingEventType.PROGRESS: Progress,
    StreamingEventType.STEP: Step,
    StreamingEventType.ARTIFACT: Artifact,
    StreamingEventType.HANDOFF: Handoff,
    StreamingEventType.METADATA: Metadata,
    StreamingEventType.COMPLETE: Complete,
    StreamingEventType.CANCELLED: Cancelled,
    StreamingEventType.ERROR: Failed,
    StreamingEventType.INTERRUPTED: Interrupted,
    StreamingEventType.MESSAGE: MessageAdded,
    StreamingEventType.MESSAGE_REMOVED: MessageRemoved,
    StreamingEventType.PATH: PathChosen,
    StreamingEventType.CONVERSATION: ConversationChanged,
    StreamingEventType.ACCESS: AccessChanged,
}

TYPE_OF: dict[type[EventData], StreamingEventType] = {data: kind for kind, data in DATA_TYPES.items()}


class StreamingEvent(msgspec.Struct, frozen=True):
    """One entry of an event log.

    `seq` counts 1, 2, 3 … within the stream (0: not logged yet); `ts` is Unix time in milliseconds;
    `run_id` and `attempt` say which run's attempt made it ("" and 0: the conversation itself).
    """

    type: StreamingEventType
    data: EventData
    seq: int = 0
    ts: int = 0
    run_id: str = ""
    attempt: int = 0

    @property
    def is_terminal(self) -> bool:
        """True for the one event that ends a run."""
        return self.type in TERMINAL_TYPES
