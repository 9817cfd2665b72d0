import pytest

from gateway.canon.parts import Signature
from gateway.protocols.chat.thought_signature import extra_content, read_signature


@pytest.mark.parametrize("author", ["gemini", "anthropic", "openai"])
def test_there_and_back(author: str) -> None:
    signature = Signature(author, "a+/==")
    assert read_signature({"extra_content": extra_content(signature)}) == signature


@pytest.mark.parametrize(
    "call",
    [
        {},
        {"extra_content": None},
        {"extra_content": {"google": 5}},
        {"extra_content": {"google": {"thought_signature": 5}}},
    ],
)
def test_none(call: dict[str, object]) -> None:
    assert read_signature(call) is None


def test_the_bare_field() -> None:
    assert read_signature({"thought_signature": "s"}) == Signature("gemini", "s")
