"""Descriptions of output formats."""

from __future__ import annotations

from gateway.canon.dialogue import OutputFormat
from gateway.protocols.schema_description import described


def test_the_schemas_own_description_wins() -> None:
    schema = {"type": "object"}
    assert described(OutputFormat("schema", schema, description="what")) == {"type": "object", "description": "what"}
    assert schema == {"type": "object"}
    own = {"type": "object", "description": "own"}
    assert described(OutputFormat("schema", own, description="what")) is own
    assert described(OutputFormat("schema", True, description="what")) is True
