from gateway.canon.parts import Signature, ToolCall
from gateway.protocols.chat.client_tools import ClientTools, input_of, write_call


def test_what_a_body_tells() -> None:
    assert ClientTools.of(None) == ClientTools()
    odd = ClientTools.of({"tools": [None, "x", {"type": "custom"}, {"type": "custom", "custom": {"name": "p"}}]})
    assert odd == ClientTools(frozenset({"p"}), False, True)
    assert ClientTools.of({"functions": [{"name": "f"}]}).legacy
    assert not ClientTools.of({"functions": [{"name": "f"}], "tools": [{"type": "function"}]}).legacy
    assert ClientTools.of({"tools": "x"}) == ClientTools(known=True)


def test_input_of() -> None:
    assert input_of('{"input":"x"}') == "x"
    assert input_of("not json") == "not json"
    assert input_of('{"other":1}') == '{"other":1}'
    assert input_of("[1]") == "[1]"


def test_calls() -> None:
    assert write_call(ToolCall("a", "f", ""), ClientTools())["function"]["arguments"] == "{}"
    free = ToolCall("a", "p", "x", freeform=True)
    assert write_call(free, ClientTools())["custom"] == {"name": "p", "input": "x"}
    assert write_call(free, ClientTools(known=True))["function"]["arguments"] == '{"input":"x"}'
    signed = write_call(ToolCall("a", "f", "{}", Signature("gemini", "s")), ClientTools())
    assert signed["extra_content"] == {"google": {"thought_signature": "s"}}
