"""Anthropic Messages bodies, top level."""

from __future__ import annotations

from schemas.wire import Flag, Items, Name, Number, Object, Whole, WireSchema


class MessagesBody(WireSchema):
    model = Name()
    messages = Items()
    stream = Flag()
    temperature = Number()
    top_p = Number()
    top_k = Whole()
    max_tokens = Whole()
    stop_sequences = Items()
    tools = Items()
    metadata = Object()


MESSAGES = MessagesBody()
