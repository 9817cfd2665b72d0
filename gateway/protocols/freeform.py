"""Free-form tools (OpenAI's `custom`: text in, perhaps by a grammar) where a dialect knows functions only.

Such a tool becomes a function of one string, `input`; its grammar, which cannot be enforced there, is told in the
description. https://platform.openai.com/docs/guides/function-calling#custom-tools
"""

from __future__ import annotations

from gateway.canon.dialogue import Tool


def worded_format(tool: Tool) -> str | None:
    """The description of a `custom` tool with its grammar in words."""
    grammar = (tool.raw or {}).get("grammar", tool.raw or {})
    definition = grammar.get("definition") if isinstance(grammar, dict) else None
    if not isinstance(definition, str):
        return tool.description
    rule = f"`input` must match this {grammar.get('syntax', 'lark')} grammar:\n{definition}"
    return f"{tool.description}\n\n{rule}" if tool.description else rule
