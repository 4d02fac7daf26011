"""The vocabulary of streams: events, their JSON, their folding, a buffer and a collector."""

from streaming.events.buffer import BufferedPart, FinalMessage, StreamingBuffer
from streaming.events.codec import decode_data, decode_event, encode_data, encode_event, event_as_dict, event_of
from streaming.events.collector import StreamingCollector
from streaming.events.conversation_data import (
    AccessChanged,
    ConversationChanged,
    MessageAdded,
    MessageRemoved,
    PathChosen,
)
from streaming.events.data import EventData
from streaming.events.folding import fold, unfold
from streaming.events.run_data import (
    Approval,
    Artifact,
    Cancelled,
    Complete,
    Failed,
    Handoff,
    Interrupted,
    Metadata,
    Part,
    Progress,
    Start,
    Step,
    StreamingChunk,
    ToolCall,
    ToolResult,
    Usage,
)
from streaming.events.text import SurrogateJoiner, defined_text
from streaming.events.vocabulary import DATA_TYPES, TERMINAL_TYPES, StreamingEvent, StreamingEventType

__all__ = [
    "DATA_TYPES",
    "TERMINAL_TYPES",
    "AccessChanged",
    "Approval",
    "Artifact",
    "BufferedPart",
    "Cancelled",
    "Complete",
    "ConversationChanged",
    "EventData",
    "Failed",
    "FinalMessage",
    "Handoff",
    "Interrupted",
    "MessageAdded",
    "MessageRemoved",
    "Metadata",
    "Part",
    "PathChosen",
    "Progress",
    "Start",
    "Step",
    "StreamingBuffer",
    "StreamingChunk",
    "StreamingCollector",
    "StreamingEvent",
    "StreamingEventType",
    "SurrogateJoiner",
    "ToolCall",
    "ToolResult",
    "Usage",
    "decode_data",
    "decode_event",
    "defined_text",
    "encode_data",
    "encode_event",
    "event_as_dict",
    "event_of",
    "fold",
    "unfold",
]
