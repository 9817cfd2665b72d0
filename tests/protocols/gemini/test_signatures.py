import base64

import pytest

from gateway.canon.parts import Signature
from gateway.protocols.gemini.signatures import from_wire, to_wire


@pytest.mark.parametrize(
    "value", ["c2ln", "CpQBAR/+ab==", "AA-_", "skip_thought_signature_validator", "ZHJhZ29tYW4r!!"]
)
def test_geminis_own_are_byte_exact(value):
    assert to_wire(Signature("gemini", value)) == value
    assert from_wire(value) == (Signature("gemini", value), False)


@pytest.mark.parametrize("redacted", [False, True])
@pytest.mark.parametrize("author", ["anthropic", "openai"])
@pytest.mark.parametrize("value", ["EqQB+/==", "gAAAAA-_", "ä:b\n"])
def test_others_are_base64_and_come_back(author, value, redacted):
    wire = to_wire(Signature(author, value), redacted=redacted)
    base64.b64decode(wire.replace("-", "+").replace("_", "/"), validate=True)
    standard = wire.replace("-", "+").replace("_", "/")
    for form in (wire, standard, wire.rstrip("=")):
        assert from_wire(form) == (Signature(author, value), redacted)


def test_a_plain_seal_is_read_too():
    assert from_wire("dragoman+openai:gAAA") == (Signature("openai", "gAAA"), False)
