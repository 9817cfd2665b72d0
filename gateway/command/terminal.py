"""Words of others (providers, clients) on the operator's terminal, which obeys some of them."""

from __future__ import annotations

import re

_OBEYED = re.compile(r"[^\n\t -~]")


def shown(text: str) -> str:
    """`text` with everything but printable characters, line ends and tabs written as JSON escapes: ECMA-48 sequences
    (C1 controls among them) could recolour, retitle or rewrite what stands on the screen, and marks of direction
    reorder it. JSON stays the same JSON."""
    return text if text.isprintable() else _OBEYED.sub(lambda found: _escaped(found[0]), text)


def _escaped(mark: str) -> str:
    if mark.isprintable():
        return mark
    halves = mark.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{halves[at : at + 4]}" for at in range(0, len(halves), 4))
