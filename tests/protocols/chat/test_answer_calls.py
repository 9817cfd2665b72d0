from gateway.canon import events as ev
from gateway.canon.opening import OpenParts
from gateway.canon.parts import Signature, ToolCall
from gateway.protocols.chat.answer_calls import Calls


def run(*deltas: list[dict[str, object]]) -> tuple[list[ToolCall], Calls]:
    calls = Calls(0, OpenParts(), None)
    events = [event for delta in deltas for event in calls.pieces({"tool_calls": delta})] + calls.close()
    parts: dict[int, ToolCall] = {}
    for event in events:
        match event:
            case ev.PartStart(index, part) if isinstance(part, ToolCall):
                parts[index] = part
            case ev.ArgumentsDelta(index, text):
                parts[index].arguments += text
            case ev.SignatureDelta(index, signature):
                parts[index].signature = signature
    assert sum(isinstance(event, ev.PartStop) for event in events) == len(parts)
    return list(parts.values()), calls


def piece(
    index: int | None = None, id: str | None = None, name: str | None = None, args: object = None
) -> dict[str, object]:
    return {"index": index, "id": id, "function": {"name": name, "arguments": args}}


def test_a_missing_id_is_made_and_unique() -> None:
    (first, second), _ = run([piece(0, None, "f", "{}"), piece(1, None, "f", "{}")])
    assert first.id != second.id
    assert all(call.id.startswith("call_") and len(call.id) == 29 for call in (first, second))


def test_a_repeated_id_becomes_another() -> None:
    (first, second), _ = run([piece(0, "call_a", "f", "{}"), piece(1, "call_a", "f", "{}")])
    assert first.id == "call_a" and second.id not in ("call_a", "")


def test_the_same_id_in_every_piece_is_one_call() -> None:
    (call,), _ = run([piece(0, "a", "f", "")], [piece(0, "a", "f", '{"x"')], [piece(0, "a", None, ":1}")])
    assert (call.name, call.arguments) == ("f", '{"x":1}')


def test_pieces_without_index_go_on_with_the_last_call() -> None:
    (call,), _ = run([piece(None, "a", "f", "{")], [piece(None, None, None, "}")])
    assert call.arguments == "{}"


def test_arguments_before_the_name_are_held() -> None:
    (call,), _ = run([piece(0, "a", None, '{"x":')], [piece(0, None, "f", "1}")])
    assert (call.name, call.arguments) == ("f", '{"x":1}')


def test_a_call_without_a_name_is_dropped_and_counted() -> None:
    parts, calls = run([piece(0, "a", None, "{}")])
    assert parts == [] and calls.nameless == 1 and not calls.seen


def test_white_space_alone_is_no_argument() -> None:
    (call,), _ = run([piece(0, "a", "f", " ")])
    assert call.arguments.strip() == "{}"


def test_a_late_signature() -> None:
    late = {"index": 0, "extra_content": {"google": {"thought_signature": "dragoman+anthropic:xyz"}}}
    (call,), _ = run([piece(0, "a", "f", "{}")], [late])
    assert call.signature == Signature("anthropic", "xyz")


def test_odd_shapes_are_passed_over() -> None:
    calls = Calls(0, OpenParts(), None)
    for odd in (None, 5, "x", [None, 5, "x"], [{"function": None}], {"function": []}):
        calls.pieces({"tool_calls": odd, "function_call": odd if not isinstance(odd, dict) else None})
    assert not calls.seen
