"""/v1/embeddings. Gemini's two methods stand with its others, in web/gemini.py."""

from __future__ import annotations

from dataclasses import replace

from flask import Blueprint, Response

from gateway.protocols.dialect import Dialect
from gateway.web.door import Door
from schemas.embeddings import EMBEDDINGS


def embedding_dialect(dialect: Dialect) -> Dialect:
    """The dialect with its embedding request's check at the door."""
    assert dialect.embedding is not None
    return replace(dialect, check_request=dialect.embedding.check, conversation=None)


def embeddings_blueprint(door: Door, mount: str) -> Blueprint:
    """`mount` "" serves /v1/embeddings, "/openai" the same under its prefix."""
    routes = Blueprint(f"embeddings{mount.replace('/', '-')}", __name__, url_prefix=f"{mount}/v1")
    dialect = embedding_dialect(door.gateway.dialects["chat"])
    relay = door.gateway.relay

    @routes.post("/embeddings")
    def embeddings() -> Response:
        return door.generate(dialect, EMBEDDINGS, mount=mount, stream=False, answer=relay.embed)

    return routes
