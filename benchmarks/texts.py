"""What the fake model says, as tokens: a mix as answers have it, and long answers of one shape. Knows no wire."""

import json
import os
import re
from collections.abc import Iterator
from functools import cache
from itertools import count
from pathlib import Path

VARIABLE = "CHATSITE_TRANSCRIPTS"
MARK = "Marker7"  # every answer's first token; no prompt and no page has it

# Cuts about as the vocabularies of 2026 do: 4 to 5 characters of English a token, a word's space in front of it.
_TOKEN = re.compile(r" ?[^\W\d_]{1,9}|\d{1,3}|\n+|[^\w\s]{1,3}|\s|_")
_THINK_TAGS = {"<think>", "</think>"}

PROSE = """\
A queue is a promise about order. Whoever arrives first is served first, and nobody has to shout. In software the \
promise is kept by a list with two ends: one to add to, one to take from. That sounds too simple to go wrong, and yet \
most outages of the last decade have a queue in them that grew where nobody looked.

The reason is that a queue hides a difference between two speeds. As long as the reader is faster than the writer, \
it is empty and nobody thinks of it. When the reader becomes a little slower, it is never empty again, and every \
message waits as long as all those in front of it. **Latency then has no limit**, although *throughput* looks fine.

Three remedies are known. The first is to bound the queue and to make the writer wait, which is called back-pressure. \
The second is to drop the oldest entries, where stale news is worth nothing. The third is to fold many small messages \
into one, where only the sum of them counts; a screen that is painted thirty times a second needs no more than that.
"""
LIST = """\
1. Look at the age of the oldest entry, not at the length of the queue.
2. Give every queue a bound, and say what happens when it is reached:
   - the writer waits,
   - the oldest entry goes, or
   - entries are folded into one.
3. Measure at the reader, because only the reader knows when the work is done.
4. Repeat the measurement under `kill -9`, with a full disk, and with a clock that jumps.
"""
CODE = """\
```python
from collections import deque


class Bounded:
    \"\"\"A queue that makes its writers wait.\"\"\"

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.entries: deque[bytes] = deque()

    def offer(self, entry: bytes) -> bool:
        if len(self.entries) >= self.limit:
            return False
        self.entries.append(entry)
        return True

    def drain(self, most: int = 100) -> list[bytes]:
        return [self.entries.popleft() for _ in range(min(most, len(self.entries)))]
```
"""
TABLE = """\
| Remedy | Latency | Loss | Where it fits |
|---|---:|:---:|---|
| back-pressure | grows at the writer | none | payments, logs |
| drop oldest | bounded | some | positions, prices |
| fold | bounded | none | text on a screen |
| spill to disk | grows | none | nightly batches |
"""


def tokens_of(text: str) -> list[str]:
    """`text` cut into tokens."""
    return _TOKEN.findall(text)


@cache
def source() -> str:
    """Where the mix comes from, for the report."""
    recorded = _recorded()
    if not recorded:
        return f"a built-in text of prose, lists, tables and code ({VARIABLE} is not set)"
    size = sum(map(len, recorded))
    return (
        f"{len(recorded)} recorded answers ({size:,} tokens of prose and lists, cut as recorded), own tables and code"
    )


@cache
def mix() -> tuple[str, ...]:
    """A round of an answer: prose and lists, between them code and tables; it may be repeated."""
    prose = _recorded() or [tokens_of(PROSE), tokens_of(LIST)]
    extra = [tokens_of(CODE), tokens_of(LIST), tokens_of(TABLE)]
    sections: list[str] = []
    for number, part in enumerate(_parts(prose)):
        sections += ["\n\n", *part, "\n\n", *extra[number % len(extra)]]
    return tuple(sections)


def stream_of(name: str, start: int = 0) -> Iterator[str]:
    """Tokens without end, the mark first: the mix from token `start` on, or one of `SHAPES`."""
    yield MARK
    if name == "mix":
        yield "\n\n"
        tokens = mix()
        for position in count(start):
            yield tokens[position % len(tokens)]
    for text in SHAPES[name]():
        yield from tokens_of(text)


def _paragraphs() -> Iterator[str]:
    for number in count(1):
        yield f" begins here. {PROSE.replace('\n\n', ' ').strip()}\n\nParagraph {number}"


def _code() -> Iterator[str]:
    yield "\n\n```python\n"
    body = CODE.removeprefix("```python\n").removesuffix("```\n")
    for number in count(1):
        yield f"{body.replace('Bounded', f'Bounded{number}')}\n\n"


def _list() -> Iterator[str]:
    yield "\n\n"
    for number in count(1):
        yield f"- Entry {number} says that the age of the oldest **entry** counts, and `length` tells little.\n"


def _table() -> Iterator[str]:
    yield "\n\n| Number | Remedy | Latency | Where it fits |\n|---:|---|---|---|\n"
    for number in count(1):
        yield f"| {number} | back-pressure | grows at the *writer* | payments, `logs` and the rest |\n"


SHAPES = {"paragraphs": _paragraphs, "code block": _code, "list": _list, "table": _table}


def _parts(answers: list[list[str]], size: int = 240) -> Iterator[list[str]]:
    """The answers cut at blank lines into parts of some `size` tokens."""
    part: list[str] = []
    for answer in answers:
        for token in answer:
            part.append(token)
            if len(part) >= size and "\n\n" in token:
                yield part
                part = []
        if part:
            yield part
            part = []


@cache
def _recorded() -> list[list[str]]:
    folder = os.environ.get(VARIABLE, "")
    files = sorted((Path(folder) / "openai-chat").glob("*.sse")) if folder else []
    answers = [_deltas(file.read_bytes()) for file in files]
    return [answer for answer in answers if len(answer) > 50]  # the others are one sentence or a tool call


def _deltas(body: bytes) -> list[str]:
    found = []
    for line in body.split(b"\n"):
        if not line.startswith(b"data: {"):
            continue
        for choice in json.loads(line[6:]).get("choices") or []:
            text = (choice.get("delta") or {}).get("content")
            if isinstance(text, str) and text and text not in _THINK_TAGS:
                found.append(text)
    return found
