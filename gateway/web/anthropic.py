"""Anthropic's endpoints. https://docs.anthropic.com/en/api"""

from __future__ import annotations

from flask import Blueprint, Response

from gateway.web.door import Door
from gateway.web.headers import with_request_id
from gateway.web.models import model_list, one_model
from schemas.messages import MESSAGES


def anthropic_blueprint(door: Door, mount: str) -> Blueprint:
    """`mount` "" serves /v1/messages, "/anthropic" the same under its prefix."""
    routes = Blueprint(f"anthropic{mount.replace('/', '-')}", __name__, url_prefix=f"{mount}/v1")
    dialect = door.gateway.dialects["anthropic"]

    @routes.post("/messages")
    def messages() -> Response:
        return with_request_id(door.generate(dialect, MESSAGES, mount=mount))

    @routes.post("/messages/count_tokens")
    def count_tokens() -> Response:
        return with_request_id(door.count(dialect, mount=mount))

    if mount:

        @routes.get("/models")
        def models() -> Response:
            return model_list(door, dialect)

        @routes.get("/models/<path:model>")
        def model(model: str) -> Response:
            return one_model(door, dialect, model)

    return routes
