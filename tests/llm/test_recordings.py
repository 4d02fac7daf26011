"""Every recorded answer decodes, whole and in any pieces, to the same events."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streaming.events import Metadata, StreamingChunk, ToolCall
from streaming.llm.anthropic.decoding import AnthropicDecoder
from streaming.llm.openai.decoding import OpenAIDecoder
from streaming.llm.sniffing import SniffingDecoder
from tests.support.recordings import recordings, required

OPENAI = recordings("openai-chat")
ANTHROPIC = recordings("anthropic-messages")
IN_PIECES = settings(
    max_examples=12,  # of up to 280 KB each
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
FAILING = {
    "openrouter-stream-error-0": "model_failed",
    "tool-use-failed-error-streaming-0": "model_rejected",
    "tool-use-failed-error-streaming-with-text-0": "model_rejected",
}


def decoded(decoder, pieces):
    sniffing = SniffingDecoder(decoder)
    events = [event for piece in pieces for event in sniffing.feed(piece)]
    events += sniffing.close()
    failure = decoder.failure
    return events, failure and (type(failure), failure.message, failure.detail)


def cut(body, places):
    places = sorted({place % len(body) for place in places})
    return [body[a:b] for a, b in zip([0, *places], [*places, len(body)], strict=True)]


def sound(recording, events, failure):
    assert FAILING.get(recording.name) == (failure and failure[0].code)
    assert any(isinstance(event, StreamingChunk | ToolCall) for event in events)
    ends = [number for number, event in enumerate(events) if isinstance(event, Metadata)]
    assert ends == ([len(events) - 1] if ends or failure is None else [])
    started = [event.id for event in events if isinstance(event, ToolCall) and event.status == "started"]
    complete = [event.id for event in events if isinstance(event, ToolCall) and event.status == "executing"]
    assert len(set(started)) == len(started)
    assert sorted(complete) == sorted(started)
    assert all(event.delta for event in events if isinstance(event, StreamingChunk))


def kind_of(recording):
    return AnthropicDecoder if b"message_start" in recording.body else OpenAIDecoder


@pytest.mark.parametrize("recording", OPENAI + ANTHROPIC)
def test_recording_decodes(recording):
    recording = required(recording)
    kind = kind_of(recording)
    events, failure = decoded(kind(), [recording.body])

    sound(recording, events, failure)
    bytes_alone = [recording.body[at : at + 1] for at in range(len(recording.body))]
    assert decoded(kind(), bytes_alone) == (events, failure)


@pytest.mark.parametrize("recording", OPENAI + ANTHROPIC)
@given(places=st.lists(st.integers(0, 2**20), max_size=60))
@IN_PIECES
def test_recording_is_the_same_in_pieces(recording, places):
    recording = required(recording)
    kind = kind_of(recording)

    assert decoded(kind(), cut(recording.body, places)) == decoded(kind(), [recording.body])


@pytest.mark.parametrize("recording", OPENAI + ANTHROPIC)
@given(share=st.floats(0, 1))
@IN_PIECES
def test_recording_cut_short_is_a_prefix_and_an_error(recording, share):
    """What a dying connection leaves: the events so far, and an error unless the end had been said."""
    recording = required(recording)
    body, kind = recording.body, kind_of(recording)
    whole, _ = decoded(kind(), [body])

    events, failure = decoded(kind(), [body[: int(len(body) * share)]])

    chunks = [event for event in events if not isinstance(event, Metadata)]
    if failure is None:
        assert [event for event in chunks if isinstance(event, StreamingChunk)] == [
            event for event in whole if isinstance(event, StreamingChunk)
        ]
    else:
        assert chunks == whole[: len(chunks)]


def test_recordings_are_required_in_ci_and_skipped_elsewhere(monkeypatch):
    monkeypatch.delenv("CHATSITE_TRANSCRIPTS", raising=False)

    monkeypatch.setenv("CI", "true")
    [required_here] = recordings("openai-chat")
    assert required_here.marks == ()
    with pytest.raises(pytest.fail.Exception, match="CI has to set CHATSITE_TRANSCRIPTS"):
        required(*required_here.values)

    monkeypatch.setenv("CI", "")
    [elsewhere] = recordings("openai-chat")
    assert [mark.name for mark in elsewhere.marks] == ["skip"]
