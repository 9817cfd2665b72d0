"""Tools and tool_choice to the wire."""

from __future__ import annotations

from typing import Any

from gateway.canon.dialogue import Loss, Tool, ToolChoice
from gateway.protocols.names import NameMap
from gateway.protocols.responses.part_reader import OWN

BUILTIN: dict[str, dict[str, Any]] = {
    "web_search": {"type": "web_search"},
    "code_execution": {"type": "code_interpreter", "container": {"type": "auto"}},
    "image_generation": {"type": "image_generation"},
}


def write_tools(tools: list[Tool], names: NameMap, losses: list[Loss]) -> list[dict[str, Any]]:
    """Own definitions go back as they came; tools of one namespace together again."""
    written: list[dict[str, Any]] = []
    namespaces: set[int] = set()
    for number, tool in enumerate(tools):
        own = tool.extras.get(OWN, {})
        namespace = own.get("namespace")
        if own.get("late"):
            continue
        if namespace is not None:
            if id(namespace) not in namespaces:
                namespaces.add(id(namespace))
                written.append(namespace)
        elif "raw" in own:
            written.append(own["raw"])
        elif tool.kind == "builtin":
            known = BUILTIN.get(tool.name)
            if known is None:
                losses.append(Loss(f"tools[{number}]", f"the Responses API has no built-in {tool.name}"))
            else:
                written.append(known)
        else:
            written.append(_write_tool(tool, names))
    return written


def _write_tool(tool: Tool, names: NameMap) -> dict[str, Any]:
    written: dict[str, Any] = {"type": tool.kind, "name": names.to_wire(tool.name)}
    if tool.description is not None:
        written["description"] = tool.description
    if tool.kind == "custom":
        form = _format(tool.raw)
        if form is not None:
            written["format"] = form
        return written
    written["parameters"] = _parameters(tool.parameters)
    # This API takes an absent `strict` for true where the schema allows; every other dialect means false.
    written["strict"] = bool(tool.strict)
    return written


def _parameters(schema: Any) -> dict[str, Any]:
    """OpenAI refuses an object schema without `properties`."""
    if not isinstance(schema, dict) or not schema:
        return {"type": "object", "properties": {}}
    if schema.get("type") == "object" and "properties" not in schema:
        return {**schema, "properties": {}}
    return schema


def _format(raw: dict[str, Any] | None) -> dict[str, Any] | None:
    """The format of a custom tool; the chat API nests a grammar one level deeper."""
    if raw is None:
        return None
    form = raw.get("format", raw) if not raw.get("type") or "format" in raw else raw
    grammar = form.get("grammar") if isinstance(form, dict) else None
    if isinstance(grammar, dict):
        return {"type": "grammar", **grammar}
    return form if isinstance(form, dict) and form.get("type") in ("text", "grammar") else None


def write_choice(choice: ToolChoice, tools: list[Tool], names: NameMap) -> Any:
    if choice.mode == "one":
        return _chosen(choice.names[0], tools, names)
    if choice.mode == "allowed":
        chosen = [_chosen(name, tools, names) for name in choice.names]
        return {"type": "allowed_tools", "mode": "required" if choice.required else "auto", "tools": chosen}
    return choice.mode


def _chosen(name: str, tools: list[Tool], names: NameMap) -> dict[str, Any]:
    tool = next((tool for tool in tools if tool.name == name), None)
    if tool is None and name in BUILTIN:
        return {"type": BUILTIN[name]["type"]}
    if tool is None:
        return {"type": "function", "name": names.to_wire(name)}
    own = tool.extras.get(OWN, {})
    raw = own.get("raw")
    if raw is None:
        if tool.kind == "builtin":
            return {"type": BUILTIN[name]["type"]} if name in BUILTIN else {"type": name}
        return {"type": tool.kind, "name": names.to_wire(name)}
    if raw["type"] not in ("function", "custom"):
        return {"type": raw["type"]}
    nested = raw.get("function")
    chosen = {"type": raw["type"], "name": (nested if isinstance(nested, dict) else raw)["name"]}
    if "namespace" in own:
        chosen["namespace"] = own["namespace"]["name"]
    return chosen
