"""One request parameter as its provider's API reference names it, and a request that sets it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Parameter:
    """`name` dotted, `[]` for the items of a list. `given` are the body's fields with the parameter, `beside` the same
    request without it: what a parameter needs around it (a tool, a schema) stands in both. `words` are further names
    under which its loss may be reported. `gateway` says what the gateway itself does about it, whatever the provider
    knows; `needless` why a provider without a word for it answers the same untold; `refused` that it is a 400.
    """

    name: str
    given: Mapping[str, Any]
    beside: Mapping[str, Any] = field(default_factory=dict)
    words: tuple[str, ...] = ()
    gateway: str = ""
    needless: str = ""
    refused: bool = False

    def named_in(self, lossy: set[str]) -> list[str]:
        """The entries of a loss report that speak of this parameter: by its own path, or by one of its `words`."""
        path = self.name.replace("[]", "")
        return sorted(
            told
            for told in lossy
            if (bare := _without_numbers(told)) == path or bare.endswith(f".{path}") or bare in self.words
        )


def _without_numbers(path: str) -> str:
    return "".join(piece.partition("]")[2] if number else piece for number, piece in enumerate(path.split("[")))
