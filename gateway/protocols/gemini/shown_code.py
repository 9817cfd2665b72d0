"""Code that Gemini runs itself, in an answer: fenced text for clients of other protocols, the part itself for Gemini's.

https://ai.google.dev/gemini-api/docs/code-execution
"""

from __future__ import annotations

import re
from typing import Any

from gateway.canon.parts import Text

_FENCES = re.compile("`{3,}")


def read_code(part: dict[str, Any]) -> Text | None:
    """None for a part that is neither executableCode nor codeExecutionResult, or has nothing to show."""
    code, result = part.get("executableCode"), part.get("codeExecutionResult")
    if isinstance(code, dict):
        language, text = str(code.get("language") or "").lower(), code.get("code")
    elif isinstance(result, dict):
        language, text = "", result.get("output")
    else:
        return None
    if not isinstance(text, str) or not text:
        return None
    fence = "`" * max([3, *(len(found) + 1 for found in _FENCES.findall(text))])
    word = "" if "unspecified" in language else language
    shown = f"\n{fence}{word}\n{text}{'' if text.endswith(chr(10)) else chr(10)}{fence}\n"
    return Text(shown, extras={"gemini": {"part": part}})


def own_part(text: Text) -> dict[str, Any] | None:
    """The part that `text` stands for, if it is not said in words."""
    part = text.extras.get("gemini", {}).get("part") if text.extras else None
    return part if isinstance(part, dict) else None
