"""Anthropic's cache marks in chat bodies, as clients of OpenRouter and LiteLLM set them on parts, messages and tools.

https://openrouter.ai/docs/features/prompt-caching
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.canon.parts import Extras


def keep_mark(fields: Mapping[str, Any], extras: Extras) -> None:
    """A mark among `fields` goes into `extras` where Anthropic's writer finds it."""
    mark = fields.get("cache_control")
    if isinstance(mark, dict):
        extras["anthropic"] = {"cache_control": mark}
