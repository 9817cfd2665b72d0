"""OpenAI Chat Completions and legacy Completions bodies, top level."""

from __future__ import annotations

from schemas.wire import Flag, Items, Name, Number, Object, Whole, WireSchema


class ChatBody(WireSchema):
    model = Name()
    messages = Items()
    stream = Flag()
    stream_options = Object()
    temperature = Number()
    top_p = Number()
    max_tokens = Whole()
    max_completion_tokens = Whole()
    tools = Items()


class CompletionBody(WireSchema):
    model = Name()
    stream = Flag()
    stream_options = Object()
    temperature = Number()
    top_p = Number()
    max_tokens = Whole()


CHAT = ChatBody()
COMPLETION = CompletionBody()
