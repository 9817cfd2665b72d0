"""An entry of a model list."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True, frozen=True)
class ModelInfo:
    """`id` without a "models/" prefix; `created` unix seconds; limits in tokens, 0 when not told."""

    id: str
    owned_by: str = "dragoman"
    created: int = 0
    display_name: str = ""
    description: str = ""
    input_limit: int = 0
    output_limit: int = 0
