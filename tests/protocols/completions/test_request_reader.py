from typing import Any

import pytest

from gateway.canon.dialogue import Knobs, Turn
from gateway.canon.fault import Malformed
from gateway.canon.parts import Text
from gateway.canon.profile import Profile
from gateway.protocols.completions import DIALECT


def test_a_prompt_is_one_user_turn() -> None:
    for prompt, text in (("say hi", "say hi"), (["a", "b"], "a\nb"), ("", "")):
        dialogue = DIALECT.read_request({"model": "m", "prompt": prompt})
        assert dialogue.turns == [Turn("user", [Text(text)])]
        assert dialogue.stream is False and dialogue.extras == {}


def test_knobs_and_usage() -> None:
    dialogue = DIALECT.read_request(
        {
            "model": "m",
            "prompt": "x",
            "max_tokens": 5,
            "temperature": 0,
            "top_p": 1,
            "n": 2,
            "stop": "a",
            "seed": 1,
            "presence_penalty": 0.5,
            "frequency_penalty": 0.6,
            "user": "u",
            "stream": True,
            "stream_options": {"include_usage": True},
        }
    )
    assert dialogue.knobs == Knobs(0, 1, None, 5, ["a"], 1, 0.5, 0.6, 2)
    assert (dialogue.user, dialogue.stream, dialogue.include_usage) == ("u", True, True)


def test_what_only_this_route_knows_is_lost_aloud() -> None:
    body = {"model": "m", "prompt": "x", "echo": True, "suffix": "end", "best_of": 3, "logprobs": 2, "odd": 1}
    written = DIALECT.write_request(DIALECT.read_request(body), Profile())
    assert sorted(loss.path for loss in written.losses) == ["best_of", "echo", "logprobs", "odd", "suffix"]
    assert written.body == {"model": "m", "messages": [{"role": "user", "content": "x"}]}


def test_defaults_say_nothing() -> None:
    body = {"model": "m", "prompt": "x", "echo": False, "suffix": None, "best_of": 1, "logprobs": None}
    assert DIALECT.write_request(DIALECT.read_request(body), Profile()).losses == []


def test_model_and_stream_from_outside() -> None:
    dialogue = DIALECT.read_request({"prompt": "x"}, model="agent", stream=True)
    assert (dialogue.model, dialogue.stream) == ("agent", True)


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"prompt": "x"}, "model"),
        ({"model": "m"}, "prompt"),
        ({"model": "m", "prompt": None}, "prompt"),
        ({"model": "m", "prompt": 5}, "prompt"),
        ({"model": "m", "prompt": {}}, "prompt"),
        ({"model": "m", "prompt": []}, "prompt"),
        ({"model": "m", "prompt": [1, 2]}, "prompt"),
        ({"model": "m", "prompt": [[1, 2]]}, "prompt"),
        ({"model": "m", "prompt": ["a", True]}, "prompt[1]"),
        ({"model": "m", "prompt": "x", "max_tokens": "lots"}, "max_tokens"),
        ({"model": "m", "prompt": "x", "temperature": True}, "temperature"),
        ({"model": "m", "prompt": "x", "logprobs": True}, "logprobs"),
        ({"model": "m", "prompt": "x", "n": 0}, "n"),
        ({"model": "m", "prompt": "x", "stop": 5}, "stop"),
        ({"model": "m", "prompt": "x", "stream": "yes"}, "stream"),
    ],
)
def test_bad_bodies(body: dict[str, Any], param: str) -> None:
    with pytest.raises(Malformed) as checked:
        DIALECT.check_request(body)
    with pytest.raises(Malformed) as read:
        DIALECT.read_request(body)
    assert checked.value.param == read.value.param == param
    assert checked.value.message == read.value.message
