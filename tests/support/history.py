"""Histories of a conversation as the product would log them, and how its tables would stand at any moment."""

from dataclasses import dataclass, field
from typing import NamedTuple

from hypothesis import strategies as st

from streaming.events import (
    Cancelled,
    Complete,
    EventData,
    Failed,
    Interrupted,
    MessageAdded,
    MessageRemoved,
    Metadata,
    PathChosen,
    Start,
    StreamingChunk,
    StreamingEvent,
    ToolCall,
    ToolResult,
    Usage,
    event_of,
)
from streaming.rendering import MessageState, ThreadSnapshot

ME = "7"
CHUNKS = [
    "Hello ",
    "**bold",
    "** and ",
    "\n\n",
    "- a\n",
    "```py\nx = 1\n",
    "```\n",
    "<script>",
    "text\n",
    "| a |\n|-|\n",
]
ENDS = [
    Complete(),
    Complete("length"),
    Cancelled(by="ada"),
    Failed("upstream", "The model's server gave an error.", retryable=True, detail="500 <b>"),
    Interrupted("The server stopped."),
]


@dataclass
class Writer:
    """Writes a stream of events as the product would, and can say at any time how the database stands."""

    conversation: str = "c1"
    events: list[StreamingEvent] = field(default_factory=list)
    states: dict[str, MessageState] = field(default_factory=dict)
    runs: dict[str, str] = field(default_factory=dict)  # run → message
    started: dict[str, int] = field(default_factory=dict)
    said: dict[str, list[StreamingEvent]] = field(default_factory=dict)
    leaf: str = ""
    ts: int = 1_000

    def put(self, data: EventData, run: str = "") -> StreamingEvent:
        self.ts += 370
        event = event_of(data, ts=self.ts, run_id=run, attempt=self.started.get(run, 0), seq=len(self.events) + 1)
        self.events.append(event)
        if run:
            self.said.setdefault(run, []).append(event)
        return event

    def ask(self, text: str, *, parent: str | None = None) -> str:
        parent = self.leaf if parent is None else parent
        waits = any(self.states[message].state in ("queued", "running") for message in self.runs.values())
        question = f"q{len(self.events)}"
        self.put(MessageAdded(question, "user", parent, text, ME, queued=waits))
        self.states[question] = MessageState(question, "user", parent, (("text", text),), author=ME, waits=waits)
        self.leaf = question
        return self.answer(question, waits=waits)

    def answer(self, parent: str, *, waits: bool = False, tell: bool = False) -> str:
        run, message = f"r{len(self.events)}", f"a{len(self.events)}"
        self.put(MessageAdded(message, "assistant", parent, run_id=run, model="m1", queued=waits))
        self.states[message] = MessageState(
            message, "assistant", parent, run_id=run, model="m1", state="queued", waits=waits
        )
        self.runs[run] = message
        self.leaf = message
        if tell:
            self.put(PathChosen(ME, message))
        return run

    def start(self, run: str) -> None:
        self.started[run] = self.started.get(run, 0) + 1
        self._change(run, state="running")
        self.put(Start(model="m1", message_id=self.runs[run]), run)

    def end(self, run: str, data: EventData) -> None:
        usage = None if isinstance(data, Cancelled | Interrupted) else Usage(9, 42)  # the provider was not heard out
        self.put(Metadata("m2", "length" if data == Complete("length") else "", usage, 1, 400, 2_000, chunks=33), run)
        self.put(data, run)
        states = {Complete: "complete", Cancelled: "cancelled", Failed: "error", Interrupted: "interrupted"}
        facts = {}
        parts: list[tuple[str, str]] = []
        calls: dict[str, ToolCall] = {}
        results = []
        for event in self.said.pop(run):
            match event.data:
                case Start():
                    parts, calls, results, facts = [], {}, [], {}
                case StreamingChunk():
                    parts.append((event.data.part, event.data.delta))
                case ToolCall():
                    calls[event.data.id] = event.data
                case ToolResult():
                    results.append(event.data)
                case Metadata():
                    facts = {"model": "m2", "usage": event.data.usage, "first_token_ms": 400, "duration_ms": 2_000}
                    facts |= {"finish_reason": event.data.finish_reason, "chunks": 33}
                case Complete():
                    facts["finish_reason"] = facts["finish_reason"] or event.data.finish_reason
                case Failed():
                    facts["error"] = event.data
                case Interrupted():
                    facts["reason"] = event.data.reason
        self._change(
            run,
            state=states[type(data)],
            parts=tuple(parts),
            calls=tuple(calls.values()),
            results=tuple(results),
            **facts,
        )

    def remove(self, message: str) -> None:
        parent = self.states[message].parent
        gone = {message}
        for state in list(self.states.values()):
            if state.parent in gone:
                gone.add(state.id)
        for state in gone:
            run = self.states.pop(state).run_id
            self.runs.pop(run, None)
            self.said.pop(run, None)
        if self.leaf in gone:
            self.leaf = parent or next(reversed(self.states), "")
        self.put(MessageRemoved(message))

    def _change(self, run: str, **changes: object) -> None:
        message = self.runs[run]
        old = self.states[message]
        fields = {name: getattr(old, name) for name in old.__struct_fields__}
        self.states[message] = MessageState(**(fields | changes))

    def snapshot(self) -> ThreadSnapshot:
        live = [event for event in self.events if self.runs.get(event.run_id) and event.run_id in self.said]
        return ThreadSnapshot(self.conversation, tuple(self.states.values()), self.leaf, tuple(live))


def runs_in(writer: Writer, *states: str) -> list[str]:
    return [run for run, message in writer.runs.items() if writer.states[message].state in states]


def step(writer: Writer, draw: st.DrawFn) -> None:  # noqa: C901, PLR0912 - one arm for each thing that may happen
    """One thing that may happen now."""
    choices = ["ask"]
    queued, running = runs_in(writer, "queued"), runs_in(writer, "running")
    ended = runs_in(writer, "complete", "cancelled", "error", "interrupted")
    if queued:
        choices += ["start"] * 3 + ["take back"]
    if running:
        choices += ["chunk"] * 10 + ["end"] * 2 + ["again", "tool"]
    if ended:
        choices += ["retry", "continue", "look"]
    match draw(st.sampled_from(choices)):
        case "ask":
            writer.ask(draw(st.sampled_from(["Hi", "<b>\r\n  x & y", "two\nlines "])))
        case "start":
            writer.start(queued[0])
        case "take back":
            parent = writer.states[writer.runs[draw(st.sampled_from(queued))]].parent
            below = [state for state in writer.states.values() if state.parent == parent]
            if writer.states[parent].role == "user" and all(state.state == "queued" for state in below):
                writer.remove(parent)
        case "chunk":
            part = draw(st.sampled_from(["text", "text", "text", "thinking"]))
            writer.put(StreamingChunk(draw(st.sampled_from(CHUNKS)), part), draw(st.sampled_from(running)))
        case "tool":
            run = draw(st.sampled_from(running))
            writer.put(ToolCall("t1", "search", '{"q": "<x>"}', "executing"), run)
            writer.put(ToolResult("t1", "search", {"hits": 3}, ms=1_200), run)
        case "again":
            writer.start(draw(st.sampled_from(running)))
        case "end":
            writer.end(draw(st.sampled_from(running)), draw(st.sampled_from(ENDS)))
        case "retry":
            message = writer.runs[draw(st.sampled_from(ended))]
            writer.answer(writer.states[message].parent, tell=True)
        case "continue":
            message = writer.runs[draw(st.sampled_from(ended))]
            writer.answer(message, tell=writer.leaf != message)
        case "look":
            leaf = draw(st.sampled_from(list(writer.states)))
            writer.leaf = leaf
            writer.put(PathChosen(ME, leaf))


class History(NamedTuple):
    """Events, and how the tables stood after some of them (by the number of events)."""

    events: list[StreamingEvent]
    snapshots: dict[int, ThreadSnapshot]

    def __repr__(self) -> str:
        return "\n".join(f"{event.run_id or '-'}/{event.attempt} {event.data}" for event in self.events)


@st.composite
def histories(draw: st.DrawFn) -> History:
    """What may happen in a conversation, up to 30 things."""
    writer = Writer()
    snapshots = {0: writer.snapshot()}
    for _ in range(draw(st.integers(1, 30))):
        step(writer, draw)
        snapshots[len(writer.events)] = writer.snapshot()
    return History(writer.events, snapshots)
