from __future__ import annotations

import pytest

from gateway.protocols.names import NameMap

GEMINI = (r"[^a-zA-Z0-9_.-]", 64, r"[a-zA-Z_]")
OPENAI = (r"[^a-zA-Z0-9_-]", 64)


@pytest.mark.parametrize("name", ["get_weather", "a", "with-dash", "x" * 64])
def test_a_good_name_stays(name: str) -> None:
    names = NameMap(*OPENAI)
    assert names.to_wire(name) == name and names.from_wire(name) == name and not names.changed


@pytest.mark.parametrize(
    "name", ["mcp.server/tool", "погода", "天气", "", "a b", "x" * 65, "x" * 500, "\ud800", "a\nb"]
)
def test_a_bad_name_is_mapped_and_mapped_back(name: str) -> None:
    names = NameMap(*OPENAI)
    wire = names.to_wire(name)
    assert 0 < len(wire) <= 64 and wire.isascii() and all(each.isalnum() or each in "_-" for each in wire)
    assert names.from_wire(wire) == name and names.changed


def test_two_names_never_share_a_wire_name() -> None:
    names = NameMap(*OPENAI)
    originals = ["a.b", "a/b", "a_b", "a b", *("x" * 70 + str(number) for number in range(50))]
    wires = [names.to_wire(each) for each in originals]
    assert len(set(wires)) == len(originals)
    assert [names.from_wire(each) for each in wires] == originals


def test_the_same_names_give_the_same_wire_names_every_turn() -> None:
    originals = ["a.b", "a/b", "y" * 90, "天气"]
    first, second = NameMap(*OPENAI), NameMap(*OPENAI)
    assert [first.to_wire(each) for each in originals] == [second.to_wire(each) for each in originals]
    assert first.to_wire("a.b") == first.to_wire("a.b")


def test_the_first_character() -> None:
    names = NameMap(*GEMINI)
    assert names.to_wire("1st") == "_1st" and names.from_wire("_1st") == "1st"
    assert len(names.to_wire("1" * 64)) == 64


def test_a_name_the_model_made_up_is_left_as_it_is() -> None:
    assert NameMap(*OPENAI).from_wire("invented") == "invented"
