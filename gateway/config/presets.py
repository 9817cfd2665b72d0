"""Model name tables, as data: the four presets and the builtin aliases. Patterns may hold `*`.

Sources: behaviours rows AM-M6 and AM-M7. Whether a target is served is asked by routing, not here: builtin
aliases apply only to names no upstream serves and only towards targets one does. The longest literal wins, so
`gpt-4o*` goes before `gpt-4*`.
"""

from __future__ import annotations

_PRO = "gemini-3.1-pro-high"
_FLASH = "gemini-3-flash"
_SMALL = "gemini-2.5-flash"
_SONNET = "claude-sonnet-4-6"
_OPUS = "claude-opus-4-6-thinking"

PRESETS: dict[str, dict[str, str]] = {
    "default": {
        "gpt-4*": _PRO,
        "gpt-4o*": _FLASH,
        "gpt-3.5*": _SMALL,
        "o1-*": _PRO,
        "o3-*": _PRO,
        "claude-3-5-sonnet-*": _SONNET,
        "claude-3-opus-*": _OPUS,
        "claude-opus-4-6*": _OPUS,
        "claude-haiku-*": _SMALL,
        "claude-3-haiku-*": _SMALL,
    },
    "performance": {
        "gpt-4*": _OPUS,
        "gpt-4o*": _SONNET,
        "gpt-3.5*": _FLASH,
        "o1-*": _OPUS,
        "o3-*": _OPUS,
        "claude-3-5-sonnet-*": _SONNET,
        "claude-3-opus-*": _OPUS,
        "claude-opus-4-6*": _OPUS,
        "claude-haiku-*": _SONNET,
        "claude-3-haiku-*": _SONNET,
    },
    "cost_effective": {
        "gpt-4*": _FLASH,
        "gpt-4o*": _SMALL,
        "gpt-3.5*": _SMALL,
        "o1-*": _FLASH,
        "o3-*": _FLASH,
        "claude-3-5-sonnet-*": _FLASH,
        "claude-3-opus-*": _FLASH,
        "claude-opus-4-*": _FLASH,
        "claude-haiku-*": _SMALL,
        "claude-3-haiku-*": _SMALL,
    },
    "balanced": {
        "gpt-4*": _PRO,
        "gpt-4o*": _FLASH,
        "gpt-3.5*": _SMALL,
        "o1-*": _SONNET,
        "o3-*": _SONNET,
        "claude-3-5-sonnet-*": _SONNET,
        "claude-3-opus-*": _PRO,
        "claude-opus-4-5*": _PRO,
        "claude-opus-4-6*": _OPUS,
        "claude-haiku-*": _SMALL,
        "claude-3-haiku-*": _SMALL,
    },
}

BUILTIN: dict[str, str] = {
    "gpt-4*": _SMALL,
    "gpt-4o*": _SMALL,
    "gpt-4o-mini*": _SMALL,
    "gpt-3.5*": _SMALL,
    "claude-3-5-sonnet*": _SONNET,
    "claude-3-5-haiku*": _SONNET,
    "claude-opus-4*": _OPUS,
    "gemini-2.5-flash-lite": _SMALL,
    "gemini-3-pro": "gemini-3-pro-preview",
    "gemini-3.1-pro": "gemini-3.1-pro-preview",
    "gemini-3-pro-high": "gemini-pro-agent",
    "gemini-3.1-pro-high": "gemini-pro-agent",
    "internal-background-task": _SMALL,
}
