"""The description of an output format, for dialects whose formats are schemas and nothing else."""

from __future__ import annotations

from typing import Any

from gateway.canon.dialogue import OutputFormat


def described(output: OutputFormat) -> Any:
    """The schema, with the format's description where it has none of its own."""
    schema = output.schema
    if not output.description or not isinstance(schema, dict) or "description" in schema:
        return schema
    return {**schema, "description": output.description}
