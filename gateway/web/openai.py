"""OpenAI's endpoints. https://platform.openai.com/docs/api-reference"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flask import Blueprint, Response

from gateway.protocols.chat.guest_blocks import has_guest_tools
from gateway.protocols.dialect import Dialect
from gateway.web.door import Door, Shape
from gateway.web.models import model_list, one_model
from gateway.web.stored import preparing, preparing_to_compact, told_in_full
from schemas.chat import CHAT, COMPLETION
from schemas.responses import RESPONSES
from schemas.wire import WireSchema


def body_shape(dialects: Mapping[str, Dialect]) -> Shape:
    """A Responses-shaped body on the chat route is read as one and answered as chat (Cursor sends that and expects
    chat chunks). Where the path had to be repaired, the body's shape alone decides, answer included. A chat body with
    Anthropic's tools (Cursor again) is put into OpenAI's words even for a provider of chat."""
    chat, responses = dialects["chat"], dialects["responses"]
    crossed = replace(
        chat,
        name="chat with a Responses body",
        read_request=responses.read_request,
        check_request=responses.check_request,
        conversation=responses.conversation,
    )
    guest = replace(
        chat,
        name="chat with Anthropic's tools",
        unheard=lambda dialogue, to: () if to == chat.name else chat.unheard(dialogue, to),
    )

    def shape(
        dialect: Dialect, schema: WireSchema, body: dict[str, Any], environ: dict[str, Any]
    ) -> tuple[Dialect, WireSchema]:
        is_chat = "messages" in body
        is_responses = not is_chat and ("input" in body or "instructions" in body)
        if dialect is chat and is_chat and has_guest_tools(body):
            return guest, schema
        if dialect is chat and is_responses:
            return (responses if "dragoman.repaired" in environ else crossed), RESPONSES
        if dialect is responses and is_chat and "input" not in body and "dragoman.repaired" in environ:
            return chat, CHAT
        return dialect, schema

    return shape


def openai_blueprint(door: Door, mount: str) -> Blueprint:
    """`mount` "" serves /v1/..., "/openai" the same under its prefix."""
    routes = Blueprint(f"openai{mount.replace('/', '-')}", __name__, url_prefix=f"{mount}/v1")
    dialects = door.gateway.dialects
    shape = body_shape(dialects)
    prepare = preparing(door)

    @routes.post("/chat/completions")
    def chat_completions() -> Response:
        return door.generate(dialects["chat"], CHAT, shape=shape, mount=mount, prepare=prepare)

    @routes.post("/completions")
    def completions() -> Response:
        return door.generate(dialects["completions"], COMPLETION, mount=mount)

    @routes.post("/responses")
    def responses() -> Response:
        return door.generate(dialects["responses"], RESPONSES, shape=shape, mount=mount, prepare=prepare)

    @routes.post("/responses/input_tokens")
    def input_tokens() -> Response:
        return door.count(dialects["responses"], mount=mount, whole=told_in_full(door))

    @routes.post("/responses/compact")
    def compact() -> Response:
        return door.generate(
            dialects["responses"],
            RESPONSES,
            mount=mount,
            stream=False,
            prepare=preparing_to_compact(door),
            answer=door.gateway.relay.compact,
        )

    if mount:

        @routes.get("/models")
        def models() -> Response:
            return model_list(door, dialects["chat"], mount=mount)

        @routes.get("/models/<path:model>")
        def model(model: str) -> Response:
            return one_model(door, dialects["chat"], model, mount=mount)

    return routes
