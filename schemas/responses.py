"""OpenAI Responses bodies, top level."""

from __future__ import annotations

from schemas.wire import Flag, Items, Name, Number, Object, Whole, WireSchema


class ResponsesBody(WireSchema):
    model = Name()
    stream = Flag()
    temperature = Number()
    top_p = Number()
    max_output_tokens = Whole()
    tools = Items()
    reasoning = Object()
    text = Object()
    previous_response_id = Name()
    store = Flag()
    background = Flag()


RESPONSES = ResponsesBody()
