"""Anthropic's endpoints. https://docs.anthropic.com/en/api"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response

from gateway.canon.fault import Fault
from gateway.errors import GatewayError
from gateway.protocols.dialect import Dialect
from gateway.web.door import Door
from gateway.web.models import model_list, one_model
from schemas.messages import MESSAGES
from schemas.wire import WireSchema


def without_thread(
    dialect: Dialect, schema: WireSchema, body: dict[str, Any], environ: dict[str, Any]
) -> tuple[Dialect, WireSchema]:
    """A server-held thread would lose the conversation if it were ignored. The SDK's tool runner knows this refusal
    and sends the whole history instead (beta message-threads-2026-08-12)."""
    if body.get("thread") is not None:
        raise GatewayError(
            Fault(
                400,
                "thread is not supported by this gateway: send the whole conversation in messages",
                param="thread",
                details=[{"error_code": "thread_unsupported_request", "unsupported": ["thread"]}],
            )
        )
    return dialect, schema


def anthropic_blueprint(door: Door, mount: str) -> Blueprint:
    """`mount` "" serves /v1/messages, "/anthropic" the same under its prefix."""
    routes = Blueprint(f"anthropic{mount.replace('/', '-')}", __name__, url_prefix=f"{mount}/v1")
    dialect = door.gateway.dialects["anthropic"]

    @routes.post("/messages")
    def messages() -> Response:
        return door.generate(dialect, MESSAGES, shape=without_thread, mount=mount)

    @routes.post("/messages/count_tokens")
    def count_tokens() -> Response:
        return door.count(dialect, mount=mount)

    if mount:

        @routes.get("/models")
        def models() -> Response:
            return model_list(door, dialect)

        @routes.get("/models/<path:model>")
        def model(model: str) -> Response:
            return one_model(door, dialect, model)

    return routes
