"""What stands around an answer: notices, the quiet line, buttons, tool cards. Knows facts, no events."""

import json

from streaming.events import ToolCall, ToolResult
from streaming.rendering.answer import Answer
from streaming.rendering.escaping import escape, escape_attribute

LONGEST_TOOL_TEXT = 4_000  # characters of arguments or result that a card shows

_MODEL = ' hx-include="#model"'  # what is written anew, or further, is asked of the model in the picker

_FINISHES = {
    "length": "The answer reached the length limit.",
    "content_filter": "The provider's filter ended this answer here.",
    "refusal": "The model declined to answer this.",
}


def notice(answer: Answer, run: str, *, has_text: bool, is_continued: bool, is_last: bool) -> str:
    """What happened, what was kept, what to do; "" when all is well."""
    if is_continued or not answer.has_ended:
        return ""
    # Further up, a new version would take everything below out of sight; ‹ 1/2 › is there for that.
    go_on = _continue(run) if has_text and is_last else ""
    again = _retry(run) if is_last else ""
    match answer.state:
        case "error":
            said = answer.error.message if answer.error else "The answer ended with an error."
            kept = " The text so far is kept." if has_text else ""
            detail = answer.error.detail if answer.error else ""
            return _notice(said + kept, again + go_on, detail)
        case "interrupted":
            kept = " Its text so far is kept." if has_text else ""
            return _notice("The answer was interrupted." + kept, again + go_on, answer.reason)
        case "cancelled":
            return _notice("Stopped. The text so far is kept." if has_text else "Stopped before the first word.", go_on)
    said = _FINISHES.get(answer.finish_reason, "")
    return _notice(said, go_on if answer.finish_reason == "length" else "") if said else ""


def status(answer: Answer, *, waits: bool) -> str:
    """The quiet line: model · first token 0.4 s · 62 tok/s · 1,240 tokens; ≈ where the provider has not counted."""
    if answer.state == "queued":
        return "in line" if waits else "starting"
    first = answer.first_token_ms
    if answer.state == "running":
        if not answer.first_chunk_at:
            since = f'<span data-since="{answer.started_at}">waiting for the model</span>'
            return f"{escape(answer.model)} · {since}" if answer.model else since
        first = answer.first_chunk_at - answer.started_at if first is None else first
    words = [escape(answer.model)] if answer.model else []
    if first is not None:
        words.append(f"first token {_seconds(first)} s" if first > 0 else "first token &lt; 1 ms")
    return " · ".join([*words, *_counts(answer, first)])


def _counts(answer: Answer, first: int | None) -> list[str]:
    """Tokens per second and tokens, as far as they are known; `first` is when the first came, in ms."""
    about, tokens, duration = "", answer.tokens, answer.duration_ms
    if tokens is None:
        about, tokens = "≈ ", answer.chunks or 0
        if answer.state == "running":
            tokens, duration = answer.counted, answer.counted_at - answer.started_at
        if tokens < 2:  # noqa: PLR2004 - one delta may be a whole answer
            return []
    said = [f"{about}{tokens:,} token{'' if tokens == 1 else 's'}"]
    if first is not None and duration is not None and duration > first and tokens > 1:
        said.insert(0, f"{about}{tokens * 1000 / (duration - first):,.0f} tok/s")
    return said


def answer_actions(answer: Answer, run: str, *, has_text: bool, is_last: bool) -> str:
    """Copy, once the answer has ended, and write the last one again where its notice does not offer that."""
    if not answer.has_ended:
        return ""
    offers = bool(run) and is_last and answer.state in ("complete", "cancelled")
    return (_copy() if has_text else "") + (_button("Write again", f"/runs/{run}/retry/", _MODEL) if offers else "")


def question_actions(message: str, *, is_waiting: bool) -> str:
    """Copy; take back while nothing answers it."""
    take_back = _button("Take back", f"/messages/{message}/remove/", " data-takes-back")
    return _copy() + (take_back if is_waiting else "")


def siblings(conversation: str, ids: list[str], current: str) -> str:
    """‹ 2/3 ›; "" where there is nothing to choose."""
    if len(ids) < 2:  # noqa: PLR2004 - a choice needs two
        return ""
    at = ids.index(current)
    before = _path(conversation, ids[at - 1] if at else "", "‹", "The version before")
    after = _path(conversation, ids[at + 1] if at + 1 < len(ids) else "", "›", "The next version")
    return f'<span class="siblings">{before}<span class="siblings__place">{at + 1}/{len(ids)}</span>{after}</span>'


def tools(answer: Answer, prefix: str) -> str:
    """A card for each tool call."""
    return "".join(
        _tool(f"{prefix}-{index}", call, answer.results.get(call.id))
        for index, call in enumerate(answer.calls.values())
    )


def _tool(id_: str, call: ToolCall, result: ToolResult | None) -> str:
    said = "failed" if call.status == "failed" or (result and result.error) else call.status
    given = "" if result is None else result.error or _shown(result.result)
    took = f" · {_seconds(result.ms)} s" if result and result.ms else ""
    rows = "".join(
        f'<dt>{name}</dt><dd><pre tabindex="0" role="group" aria-label="{name}"><code>{escape(text)}</code></pre></dd>'
        for name, text in (("Arguments", _shortened(call.arguments)), ("Result", _shortened(given)))
        if text
    )
    return (
        f'<details class="tool" id="{id_}" data-status="{said}"><summary>{escape(call.name or "tool")}'
        f'<span class="tool__state">{said}{took}</span></summary><dl>{rows}</dl></details>'
    )


def _notice(text: str, buttons: str, detail: str = "") -> str:
    more = f'<details><summary>Details</summary><p dir="auto">{escape(detail)}</p></details>' if detail else ""
    held = f'<div class="message__choices">{buttons}</div>' if buttons else ""
    return f'<p dir="auto">{escape(text)}</p>{more}{held}'


def _retry(run: str) -> str:
    return _button("Retry", f"/runs/{run}/retry/", _MODEL)


def _continue(run: str) -> str:
    return _button("Continue", f"/runs/{run}/continue/", _MODEL)


def _button(text: str, address: str, more: str = "") -> str:
    return (
        f'<button class="button" type="button" hx-post="{escape_attribute(address)}"{more} hx-swap="none">'
        f"{text}</button>"
    )


def _copy() -> str:
    return '<button class="button" type="button" data-copy>Copy</button>'


def _path(conversation: str, leaf: str, text: str, label: str) -> str:
    if not leaf:
        return f'<button class="button" type="button" aria-label="{label}" disabled>{text}</button>'
    values = escape_attribute(json.dumps({"leaf": leaf}))
    address = f"/c/{escape_attribute(conversation)}/path/"
    return (
        f'<button class="button" type="button" aria-label="{label}" hx-post="{address}" hx-vals="{values}" '
        f'hx-swap="none">{text}</button>'
    )


def _seconds(milliseconds: int) -> str:
    """`0.004`, `0.04`, `0.4`, `4.0`: a quick first token is not 0.0 s."""
    digits = 1 if milliseconds >= 100 else 2 if milliseconds >= 10 else 3  # noqa: PLR2004 - one figure says enough
    return f"{milliseconds / 1000:.{digits}f}"


def _shown(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2, default=str)


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST_TOOL_TEXT else text[:LONGEST_TOOL_TEXT] + "…"
