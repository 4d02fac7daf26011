"""What is asked is checked before it is sent."""

import pytest

from streaming.errors import InvalidInputError
from streaming.llm import ChatMessage, ChatRequest, Parameters


def test_parameters_come_from_json_and_go_back():
    given = {
        "temperature": 0.5,
        "max_tokens": 100,
        "top_p": 1,
        "frequency_penalty": -2,
        "presence_penalty": 2,
        "stop": ["a", "b"],
    }

    parameters = Parameters.of(given)

    assert parameters == Parameters(0.5, 100, 1.0, -2.0, 2.0, ("a", "b"))
    assert parameters.as_dict() == given
    assert Parameters.of({"stop": "a", "temperature": None}) == Parameters(stop=("a",))
    assert Parameters().as_dict() == {}


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"temperature": 2.5}, "temperature must be between 0 and 2; 2.5 is not."),
        ({"temperature": float("nan")}, "temperature must be between 0 and 2; nan is not."),
        ({"max_tokens": 0}, "max_tokens must be between 1 and 10000000; 0 is not."),
        ({"top_p": -0.1}, "top_p must be between 0 and 1; -0.1 is not."),
        ({"frequency_penalty": 3}, "frequency_penalty must be between -2 and 2; 3.0 is not."),
        ({"presence_penalty": -3}, "presence_penalty must be between -2 and 2; -3.0 is not."),
        ({"stop": [""]}, "stop takes up to 16 texts, none of them empty."),
        ({"stop": ["x"] * 17}, "stop takes up to 16 texts, none of them empty."),
        ({"temperature": "warm"}, "These parameters cannot be used: Expected `float | null`, got `str`"),
        ({"warmth": 1}, "These parameters cannot be used: Object contains unknown field `warmth`"),
    ],
)
def test_parameters_out_of_range_say_so(values, sentence):
    with pytest.raises(InvalidInputError) as caught:
        Parameters.of(values)
    assert caught.value.message.startswith(sentence)


def test_request_needs_a_message():
    with pytest.raises(InvalidInputError, match="nothing to answer"):
        ChatRequest("m", ())


def test_request_knows_its_prompt():
    messages = (ChatMessage("user", "one"), ChatMessage("user", "two"), ChatMessage("assistant", "part"))

    assert ChatRequest("m", messages).prompt == "two"


def test_message_text_is_defined():
    assert ChatMessage("user", "a\x00b\ud83d").text == "a\ufffdb\ufffd"
    assert ChatMessage("user", "é😀").text == "é😀"
    assert Parameters(stop=("\ud83d",)).stop == ("\ufffd",)
