from __future__ import annotations

import pytest

from gateway.canon.parts import Signature
from gateway.protocols.sealing import AUTHORS, seal, unseal


@pytest.mark.parametrize("author", AUTHORS)
@pytest.mark.parametrize("native", AUTHORS)
@pytest.mark.parametrize("value", ["abc+/=", "with:colon", "", "dragoman+x", "Ü\u2028"])
def test_a_signature_comes_back_byte_for_byte(author: str, native: str, value: str) -> None:
    signature = Signature(author, value)
    assert unseal(seal(signature, native), native) == signature


def test_its_own_author_sees_it_bare_and_others_see_whose_it_is() -> None:
    assert seal(Signature("gemini", "abc"), "gemini") == "abc"
    assert seal(Signature("gemini", "abc"), "anthropic") == "dragoman+gemini:abc"


@pytest.mark.parametrize("value", ["dragoman+nobody:abc", "dragoman+gemini", "Dragoman+gemini:abc", "abc"])
def test_what_carries_no_known_prefix_belongs_to_the_protocol_it_came_in(value: str) -> None:
    assert unseal(value, "openai") == Signature("openai", value)
