"""Gemini generateContent bodies, top level. Fields come in camelCase and in snake_case."""

from __future__ import annotations

from schemas.wire import Object, WireSchema


class GenerateBody(WireSchema):
    generationConfig = Object()
    generation_config = Object()
    toolConfig = Object()
    tool_config = Object()


GENERATE = GenerateBody()
