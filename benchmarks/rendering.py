"""What a token costs to render, and how little that depends on the length of the answer.

`figures` returns the numbers; `python -m benchmarks.rendering` prints them.
"""

import time
from collections.abc import Iterator

from streaming.events import Start as RunStart
from streaming.events import StreamingChunk, StreamingEvent, event_of
from streaming.rendering import ConversationView, MarkdownStream, MessageState, ThreadSnapshot, as_partials

SHORT, LONG = 2_000, 100_000  # characters
TOKEN = 4  # characters, as English has them
TOKENS_A_TICK = 2  # 50 to 60 tokens a second, a frame each 33 ms

_SENTENCE = "The quick **brown** fox jumps over the lazy dog, and `then` it rests (for a while) near the river. "
_CODE = "    total = sum(price * count for price, count in items)  # line\n"


def paragraphs(length: int) -> str:
    """Prose in paragraphs of some 500 characters."""
    return _filled(_SENTENCE * 5 + "\n\n", length)


def code(length: int) -> str:
    """One code block."""
    return "```python\n" + _filled(_CODE, length - 15) + "\n```\n"


def items(length: int) -> str:
    """One list."""
    return _filled("- The **first** thing to know is that `items` close one by one.\n", length)


def table(length: int) -> str:
    """One table."""
    return "| Name | Value | Note |\n|---|--:|---|\n" + _filled("| some name | 12.5 | a *short* note |\n", length)


def monster(length: int) -> str:
    """One paragraph without an end."""
    return _filled(_SENTENCE, length)


SHAPES = {"paragraphs": paragraphs, "code": code, "list": items, "table": table, "one paragraph": monster}


def cost(text: str) -> tuple[float, float]:
    """Seconds of CPU and bytes of frames per token for `text`, from its first token to its close."""
    stream = MarkdownStream("m-0-p0")
    size = 0
    tokens = 0
    start = time.process_time()
    stream.html()
    for tick in _ticks(text):
        stream.feed(tick)
        size += len(as_partials(stream.patch()))
        tokens += TOKENS_A_TICK
    stream.close()
    size += len(as_partials(stream.patch()))
    return (time.process_time() - start) / tokens, size / tokens


def tick_seconds(text: str) -> float:
    """Seconds of CPU of one tick through a whole conversation's view, the event included."""
    state = MessageState("0", "assistant", run_id="r", state="queued")
    view = ConversationView(ThreadSnapshot("c", (state,)), viewer="1")
    view.feed(event_of(RunStart(), ts=1, run_id="r", attempt=1))
    view.html()
    events: list[StreamingEvent] = [
        event_of(StreamingChunk(tick), ts=2 + at, run_id="r", attempt=1) for at, tick in enumerate(_ticks(text))
    ]
    start = time.process_time()
    for event in events:
        view.feed(event)
        view.patch()
    return (time.process_time() - start) / len(events)


def figures() -> dict[str, float]:
    """Per shape: microseconds and bytes per token of a long answer, and their ratios to a short one."""
    result: dict[str, float] = {}
    for name, shape in SHAPES.items():
        short_text, long_text = shape(SHORT), shape(LONG)
        cost(short_text)
        short_cpu = min(_mean(cost(short_text)[0] for _ in range(20)) for _ in range(3))
        long_cpu = min(cost(long_text)[0] for _ in range(3))
        short_bytes, long_bytes = cost(short_text)[1], cost(long_text)[1]
        result[f"{name}: µs per token"] = long_cpu * 1e6
        result[f"{name}: bytes per token"] = long_bytes
        result[f"{name}: CPU, long to short"] = long_cpu / short_cpu
        result[f"{name}: bytes, long to short"] = long_bytes / short_bytes
    result["one tick in a paragraph through the view: µs"] = tick_seconds(paragraphs(20_000)) * 1e6
    return result


def _filled(unit: str, length: int) -> str:
    return (unit * (length // len(unit) + 1))[:length]


def _ticks(text: str) -> Iterator[str]:
    step = TOKEN * TOKENS_A_TICK
    for at in range(0, len(text), step):
        yield text[at : at + step]


def _mean(values: Iterator[float]) -> float:
    found = list(values)
    return sum(found) / len(found)


if __name__ == "__main__":
    for label, value in figures().items():
        print(f"{label:50} {value:8.2f}")
