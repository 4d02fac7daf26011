"""What runs say: text, tools, progress, facts, and how they end. Knows no envelope and no log."""

from typing import Any, Literal

import msgspec

from streaming.events.data import EventData

Part = Literal["text", "thinking"]


class Start(EventData, frozen=True):
    """A run's attempt begins. A later attempt supersedes what earlier ones of the run have said.

    `continues` names the run whose text this one goes on from.
    """

    agent: str = ""
    model: str = ""
    provider: str = ""
    parameters: dict[str, Any] = {}
    conversation_id: str = ""
    message_id: str = ""
    continues: str = ""


class StreamingChunk(EventData, frozen=True):
    """New text of one part. Only the delta: the accumulated text is the reader's (`StreamingBuffer`).

    A logged chunk folds the deltas of one tick: `lengths` (characters) and `times` (ms after the
    event's `ts`) of each of them; both are empty when there is one delta. `meta` marks structured
    items (header, data, footer) and is never folded with its neighbours.
    """

    delta: str = ""
    part: Part = "text"
    lengths: tuple[int, ...] = ()
    times: tuple[int, ...] = ()
    meta: dict[str, Any] | None = None


class ToolCall(EventData, frozen=True):
    """A model asks for a tool. `arguments` is the complete JSON text once `status` is past started."""

    id: str
    name: str = ""
    arguments: str = ""
    status: Literal["started", "executing", "completed", "failed"] = "started"


class ToolResult(EventData, frozen=True):
    """What a tool call gave: `result`, or `error`; `ms` is how long it took."""

    id: str
    name: str = ""
    result: Any = None
    error: str = ""
    ms: int = 0


class Approval(EventData, frozen=True):
    """A tool call waits for a person (`decision` empty), or a person has decided."""

    call_id: str
    asked: str = ""
    decided_by: str = ""
    decision: Literal["", "approved", "rejected"] = ""


class Progress(EventData, frozen=True):
    """How far a long task is: `step` of `total`, `percent` 0-100, `eta` in seconds."""

    step: int = 0
    total: int = 0
    percent: float | None = None
    note: str = ""
    eta: float | None = None


class Step(EventData, frozen=True):
    """A workflow step started or finished; `ms` is how long a finished one took."""

    name: str
    status: Literal["started", "finished", "failed"] = "started"
    ms: int = 0
    note: str = ""


class Artifact(EventData, frozen=True):
    """A piece of a named result (text, JSON data or a file's id), as in A2A: `append` and `last`."""

    name: str
    media_type: str = "text/plain"
    text: str = ""
    data: Any = None
    file_id: str = ""
    append: bool = False
    last: bool = False


class Handoff(EventData, frozen=True):
    """One agent hands the conversation to another."""

    source: str
    target: str
    note: str = ""


class Usage(msgspec.Struct, frozen=True, omit_defaults=True):
    """Tokens as the provider counts them; `None` where it does not say."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    thinking_tokens: int | None = None
    cached_tokens: int | None = None


class Metadata(EventData, frozen=True):
    """Facts about an answer, as they become known. Later values replace earlier ones.

    `finish_reason` is one of stop, length, tool_calls, content_filter, refusal, or the provider's
    own word; times are milliseconds. `chunks` is how many deltas came, which is about as many tokens:
    what there is to tell where the provider does not count.
    """

    model: str = ""
    finish_reason: str = ""
    usage: Usage | None = None
    turns: int = 0
    first_token_ms: int | None = None
    duration_ms: int | None = None
    extra: dict[str, Any] = {}
    chunks: int | None = None


class Complete(EventData, frozen=True):
    """The run reached its end. `finish_reason` as in `Metadata`."""

    finish_reason: str = "stop"


class Cancelled(EventData, frozen=True):
    """Somebody stopped the run; `by` is who."""

    by: str = ""


class Failed(EventData, frozen=True):
    """The run ended in an error (event type `error`): a machine's `code`, a sentence for people.

    `detail` is what the other side said, shortened, without secrets.
    """

    code: str
    message: str
    retryable: bool = False
    detail: str = ""


class Interrupted(EventData, frozen=True):
    """The run's process died; what was committed is kept and can be continued."""

    reason: str = ""
