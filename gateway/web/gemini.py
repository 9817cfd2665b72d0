"""Gemini's endpoints. https://ai.google.dev/api

The method stands after the last colon of the path; none means generateContent. Model ids may hold slashes.
"""

from __future__ import annotations

from typing import Literal

from flask import Blueprint, Response, request

from gateway.canon.fault import Fault
from gateway.errors import BadRequest, GatewayError
from gateway.web.door import Door
from gateway.web.embeddings import embedding_dialect
from gateway.web.models import model_list, one_model
from schemas.embeddings import BATCH_EMBED_CONTENTS, EMBED_CONTENT
from schemas.generate import GENERATE

EMBEDDING_METHODS = ("embedContent", "batchEmbedContents")
SLASHED = "/countTokens"
METHODS = ("generateContent", "streamGenerateContent", "countTokens", *EMBEDDING_METHODS)


def gemini_blueprint(door: Door, mount: str, version: str) -> Blueprint:
    """`version` is "v1beta" or "v1alpha", or "v1", which Node's SDK uses and shares with OpenAI's model routes."""
    routes = Blueprint(f"gemini{mount.replace('/', '-')}-{version}", __name__, url_prefix=f"{mount}/{version}")
    dialect = door.gateway.dialects["gemini"]
    embedding = embedding_dialect(dialect)

    @routes.post("/models/<path:target>")
    def call(target: str) -> Response:
        # Clients that take a name from the list and put it behind models/ have said it twice.
        model, method = named(target.removeprefix("models/"))
        if method in ("generateContent", "streamGenerateContent"):
            streamed = method == "streamGenerateContent"
            framing: Literal["sse", "array"] = "array" if streamed and request.args.get("alt") != "sse" else "sse"
            return door.generate(
                dialect, GENERATE, mount=mount, model=model, stream=streamed, framing=framing, query_key=True
            )
        if method == "countTokens":
            return door.count(dialect, mount=mount, model=model, query_key=True)
        if method in EMBEDDING_METHODS:
            return door.generate(
                embedding,
                EMBED_CONTENT if method == "embedContent" else BATCH_EMBED_CONTENTS,
                mount=mount,
                model=model,
                stream=False,
                query_key=True,
                answer=door.gateway.relay.embed,
            )
        return door.refuse(
            dialect,
            BadRequest(f"unsupported method {method!r}; this gateway offers {', '.join(METHODS)}"),
        )

    if version != "v1":

        @routes.get("/models")
        def models() -> Response:
            return model_list(door, dialect, query_key=True)

        @routes.get("/models/<path:model>")
        def model(model: str) -> Response:
            name, method = named(model)
            if name != model and method in METHODS:
                response = door.refuse(dialect, GatewayError(Fault(405, f":{method} takes POST")), mount=mount)
                if response.status_code == 405:
                    response.headers["Allow"] = "POST"
                return response
            return one_model(door, dialect, model, query_key=True)

    return routes


def named(target: str) -> tuple[str, str]:
    """(model, method) of what follows `models/`. Some clients of Antigravity Manager write `MODEL/countTokens`."""
    model, colon, method = target.rpartition(":")
    if colon:
        return model, method
    if target.endswith(SLASHED):
        return target.removesuffix(SLASHED), "countTokens"
    return target, "generateContent"
