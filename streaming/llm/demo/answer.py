"""What the demo model answers: a pure function of the conversation. Knows no time and no provider."""

import hashlib
import re
from collections.abc import Iterator, Sequence

from streaming.llm.request import ChatMessage

QUOTED_CHARACTERS = 120

THINKING = (
    "The question has {words}, and this is turn {turn} of the conversation. "
    "I am a demo and know nothing, so I should say so first. "
    "Then I can show how answers look here: a list, some code, a table."
)

OPENINGS = (
    "This is the **demo model**: it shows how answers arrive here, and it does not understand questions.",
    "You are talking to the **demo model**. It has no knowledge; it only shows how an answer streams.",
    "No real model is connected yet, so the **demo model** answers. It repeats set pieces and understands nothing.",
)

CONNECTING = """\
## Connect a real model

- **On this machine:** start [Ollama](https://ollama.com) and it is found by itself.
- **With a key:** set `OPENAI_API_KEY` or `ANTHROPIC_API_KEY` and start the server again.
- **Anything that speaks OpenAI's format:** set `OPENAI_BASE_URL` to its address.

An administrator can do the same on the Models page, without a restart."""

CODE = (
    """\
```python
def fibonacci(count: int) -> list[int]:
    numbers = [0, 1]
    while len(numbers) < count:
        numbers.append(numbers[-1] + numbers[-2])
    return numbers[:count]


print(fibonacci(10))  # [0, 1, 1, 2, 3, 5, 8, 13, 21, 34]
```""",
    """\
```python
from collections import Counter

text = "the quick brown fox jumps over the lazy dog"
for letter, count in Counter(text.replace(" ", "")).most_common(3):
    print(f"{letter}: {'#' * count}")
```""",
    """\
```sql
SELECT title, count(*) AS messages
FROM conversation JOIN message USING (conversation_id)
WHERE created_at > now() - interval '7 days'
GROUP BY title
ORDER BY messages DESC
LIMIT 10;
```""",
)

TABLES = (
    """\
| Station | What it does | Typical time |
|---|---|---:|
| Model | sends a token | 16 ms |
| Log | commits it | 4 ms |
| Page | shows it | 8 ms |""",
    """\
| Planet | Diameter | Moons |
|:---|---:|---:|
| Earth | 12,742 km | 1 |
| Mars | 6,779 km | 2 |
| Jupiter | 139,820 km | 97 |""",
    """\
| Key | Effect |
|---|---|
| Enter | sends the message |
| Shift + Enter | begins a new line |
| Stop | ends the answer, and keeps its text |""",
)

CLOSING = (
    "For tests there is a prompt with an exact result: `demo:300 tokens at 100/s` counts to three hundred "
    "at a hundred tokens a second. ✨"
)

_TOKEN = re.compile(r"\s*(?:\w{1,7}|[^\w\s]{1,3})|\s+")


def thinking(messages: Sequence[ChatMessage]) -> str:
    """The demo's thinking about the conversation."""
    words = len(_prompt(messages).split())
    turn = sum(message.role == "user" for message in messages)
    return THINKING.format(words="one word" if words == 1 else f"{words} words", turn=turn)


def answer(messages: Sequence[ChatMessage]) -> str:
    """The demo's answer, in markdown: the same for the same conversation."""
    choice = _digest(messages)
    prompt = " ".join(_prompt(messages).split())
    quoted = prompt if len(prompt) <= QUOTED_CHARACTERS else prompt[: QUOTED_CHARACTERS - 1] + "…"
    parts = [
        OPENINGS[choice[0] % len(OPENINGS)],
        f"You wrote:\n\n> {_plain(quoted)}" if quoted else "",
        CONNECTING,
        "## Some code",
        CODE[choice[1] % len(CODE)],
        "## A table",
        TABLES[choice[2] % len(TABLES)],
        CLOSING,
    ]
    return "\n\n".join(part for part in parts if part)


def tokens(text: str) -> Iterator[str]:
    """`text` in pieces of about the size of a model's tokens; together they are `text` exactly."""
    return (match.group() for match in _TOKEN.finditer(text))


def _prompt(messages: Sequence[ChatMessage]) -> str:
    return next((message.text for message in reversed(messages) if message.role == "user"), "")


def _digest(messages: Sequence[ChatMessage]) -> bytes:
    digest = hashlib.sha256()
    for message in messages:
        digest.update(f"{message.role}\n{message.text}\n".encode())
    return digest.digest()


def _plain(text: str) -> str:
    """`text` without a meaning in markdown, as far as a quotation needs it."""
    return re.sub(r"([\\`*_{}\[\]<>#|~$])", r"\\\1", text)
