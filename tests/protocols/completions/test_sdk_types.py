"""OpenAI's own types judge what is written. Run with the official SDK installed."""

import pytest
from openai.types import Completion

from gateway.canon.answer import Answer, Choice
from gateway.canon.events import Finish, FinishReason
from gateway.canon.fold import unfold
from gateway.canon.parts import Text, Thinking
from gateway.canon.usage import Usage
from gateway.protocols.completions import DIALECT
from gateway.protocols.dialect import Asked
from gateway.protocols.sse import SSEReader


@pytest.mark.parametrize("reason", ["stop", "length", "tool_calls", "content_filter", "refusal", "pause", "other"])
def test_whole_answers(reason: FinishReason) -> None:
    answer = Answer(choices=[Choice([Thinking("x"), Text("a")], Finish(reason))], usage=Usage(1, 2))
    completion = Completion.model_validate_json(DIALECT.write_answer(answer, Asked("m")), strict=True)
    assert completion.choices[0].text == "a"


def test_streams() -> None:
    answer = Answer(choices=[Choice([Text("a")], Finish("stop"))], usage=Usage(1, 2))
    pairs = SSEReader().feed(DIALECT.answer_writer(Asked("m", include_usage=True)).write(unfold(answer)))
    # a piece has no finish_reason yet; the SDK's type wants one in every piece, OpenAI itself sends null
    ended = [found for _, found in pairs[:-1] if b'"finish_reason":null' not in found]
    assert [len(Completion.model_validate_json(found, strict=True).choices) for found in ended] == [1, 0]
