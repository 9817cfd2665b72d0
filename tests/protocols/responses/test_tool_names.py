from __future__ import annotations

from gateway.protocols.responses.tool_names import Called, called_tools, flat_name


def test_flat_names() -> None:
    assert flat_name("ns", "f") == "ns__f"
    assert flat_name(None, "f") == flat_name("", "f") == flat_name(5, "f") == "f"


def test_every_tool_a_request_offers() -> None:
    body = {
        "tools": [
            {"type": "function", "name": "f"},
            {"type": "custom", "name": "f"},
            {"type": "function", "function": {"name": "nested"}},
            {"type": "namespace", "name": "ns", "tools": [{"type": "custom", "name": "c"}, None]},
            {"type": "local_shell"},
            {"type": "shell", "environment": {"type": "container_auto"}},
            {"type": "web_search"},
            None,
        ],
        "input": [
            {"type": "tool_search_output", "tools": [{"type": "function", "name": "found"}]},
            {"type": "message", "tools": [{"type": "function", "name": "no"}]},
            "x",
        ],
    }
    assert called_tools(body) == {
        "f": Called("function", "f"),
        "nested": Called("function", "nested"),
        "ns__c": Called("custom", "c", "ns"),
        "local_shell": Called("local_shell", "local_shell"),
        "found": Called("function", "found"),
    }
    assert called_tools(None) == called_tools({"tools": 5, "input": "x"}) == {}
