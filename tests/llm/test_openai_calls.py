"""Tool calls in OpenAI's format, as its imitations send them too."""

from streaming.events import Metadata, ToolCall
from tests.support.openai_decoded import chunk, said
from tests.support.scripted_api import DONE


def call_delta(arguments, index=0, call_id=None, name=None, **more):
    function = {"arguments": arguments} | ({"name": name} if name else {})
    fields = {"index": index, "function": function, **more} | ({"id": call_id} if call_id else {})
    return chunk({"tool_calls": [{key: value for key, value in fields.items() if value is not None}]})


CALLS = chunk(finish_reason="tool_calls")


def test_openai_calls_are_complete_at_the_end():
    assert said(
        call_delta("", 0, "c1", "add"),
        call_delta('{"a":', 0),
        call_delta("", 1, "c2", "sub"),
        call_delta("{}", 1),
        call_delta("1}", 0),
        CALLS,
        DONE,
    ) == [
        ToolCall("c1", "add"),
        ToolCall("c2", "sub"),
        ToolCall("c1", "add", '{"a":1}', "executing"),
        ToolCall("c2", "sub", "{}", "executing"),
        Metadata(finish_reason="tool_calls"),
    ]


def complete(*pieces):
    return [event for event in said(*pieces) if isinstance(event, ToolCall) and event.status == "executing"]


def test_openai_calls_without_index():
    pieces = (
        call_delta('{"a"', None, "c1", "add"),
        call_delta(":1}", None),
        call_delta("[", None, "c2", "sub"),
        call_delta("]", None, "c2"),
        CALLS,
    )

    assert complete(*pieces) == [
        ToolCall("c1", "add", '{"a":1}', "executing"),
        ToolCall("c2", "sub", "[]", "executing"),
    ]


def test_openai_calls_that_all_have_index_zero():
    """As Gemini's imitation has it."""
    pieces = (call_delta("{}", 0, "c1", "add"), call_delta('{"b":2}', 0, "c2", "add"), CALLS)

    assert complete(*pieces) == [
        ToolCall("c1", "add", "{}", "executing"),
        ToolCall("c2", "add", '{"b":2}', "executing"),
    ]


def test_openai_calls_that_repeat_their_id_and_name():
    pieces = (call_delta('{"a"', 0, "c1", "add"), call_delta(":1}", 0, "c1", "add"), CALLS)

    assert complete(*pieces) == [ToolCall("c1", "add", '{"a":1}', "executing")]


def test_openai_calls_without_id_or_arguments():
    pieces = (call_delta(None, None, None, "now"), call_delta({"zone": "UTC"}, None, None, "then"), CALLS)

    assert complete(*pieces) == [
        ToolCall("call_1", "now", "{}", "executing"),
        ToolCall("call_2", "then", '{"zone": "UTC"}', "executing"),
    ]


def test_openai_arguments_are_what_every_database_can_hold():
    piece = (
        b'data: {"choices":[{"delta":{"tool_calls":[{"index":0,"id":"c","function":'
        b'{"name":"f","arguments":"%s"}}]}}]}\n\n'
    )

    assert complete(piece % b'[\\"\\ud83d', call_delta('\ude00"]'), CALLS) == [
        ToolCall("c", "f", '["😀"]', "executing")
    ]
