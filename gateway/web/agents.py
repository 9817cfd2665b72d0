"""Agents: a base URL of its own for each preset of model, system prompt and knobs."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, Response, request

from gateway.canon.fault import Fault
from gateway.canon.models import ModelInfo
from gateway.errors import GatewayError, NotFound
from gateway.protocols.dialect import Dialect
from gateway.routing.router import UnknownModel
from gateway.web.agent import AgentDesk
from gateway.web.door import Door
from gateway.web.headers import with_request_id
from gateway.web.lost import meant_instead
from gateway.web.models import asking
from gateway.web.openai import body_shape
from gateway.web.stored import preparing
from schemas.chat import CHAT, COMPLETION
from schemas.messages import MESSAGES
from schemas.responses import RESPONSES

POSTS = ("chat/completions", "completions", "responses", "messages")
GETS = ("models",)
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


def agents_blueprint(door: Door) -> Blueprint:
    """/agents/{id}/v1/..., the same for every agent; all that an agent does not offer is a 404 behind its token."""
    routes = Blueprint("agents", __name__, url_prefix="/agents/<id>")
    gateway = door.gateway
    dialects = gateway.dialects
    desks = {agent.id: AgentDesk(agent, gateway.keys) for agent in gateway.config.agents}
    shape = body_shape(dialects)
    prepare = preparing(door)

    def at(id: str, dialect: Dialect, answer: Callable[[AgentDesk], Response]) -> Response:
        desk = desks.get(id)
        if desk is None:
            return door.refuse(dialect, NotFound(f"there is no agent {id[:200]!r} here", code="agent_not_found"))
        return answer(desk)

    @routes.post("/v1/chat/completions")
    def chat_completions(id: str) -> Response:
        dialect = dialects["chat"]
        return at(id, dialect, lambda desk: door.generate(dialect, CHAT, shape=shape, agent=desk, prepare=prepare))

    @routes.post("/v1/completions")
    def completions(id: str) -> Response:
        dialect = dialects["completions"]
        return at(id, dialect, lambda desk: door.generate(dialect, COMPLETION, agent=desk))

    @routes.post("/v1/responses")
    def responses(id: str) -> Response:
        dialect = dialects["responses"]
        return at(id, dialect, lambda desk: door.generate(dialect, RESPONSES, shape=shape, agent=desk, prepare=prepare))

    @routes.post("/v1/messages")
    def messages(id: str) -> Response:
        dialect = dialects["anthropic"]
        return with_request_id(at(id, dialect, lambda desk: door.generate(dialect, MESSAGES, agent=desk)))

    @routes.get("/v1/models")
    def models(id: str) -> Response:
        dialect = asking(door)

        def answer(desk: AgentDesk) -> Response:
            return door.tell(dialect, lambda: (dialect.write_models([_model(door, desk)]), []), check=desk.check)

        return at(id, dialect, answer)

    @routes.get("/v1/models/<path:model>")
    def model(id: str, model: str) -> Response:
        dialect = asking(door)

        def one(desk: AgentDesk) -> bytes:
            only = _model(door, desk)
            if model not in (only.id, desk.preset.asked):
                raise NotFound(
                    f"this agent's model is {only.id!r}; the model a request names is ignored", param="model"
                )
            return dialect.write_model(only)

        return at(id, dialect, lambda desk: door.tell(dialect, lambda: (one(desk), []), check=desk.check))

    @routes.route("/<path:rest>", methods=METHODS)
    def anything_else(id: str, rest: str) -> Response:
        dialect = dialects["anthropic"] if rest.startswith("v1/messages") else asking(door)
        path = rest.removeprefix("v1/") if rest.startswith("v1/") else ""
        known = POSTS if path in POSTS else GETS if path in GETS else ()
        meant = request.environ.get("dragoman.meant")
        if meant:
            error: GatewayError = NotFound(meant_instead(request.path, meant), code="unknown_url")
        else:
            error = _wrong_method("POST" if known is POSTS else "GET", path) if known else _not_offered(id, rest)
        response = at(id, dialect, lambda desk: door.refuse(dialect, error, check=desk.check))
        if response.status_code == 405:
            response.headers["Allow"] = "POST" if known is POSTS else "GET"
        return response

    return routes


def _model(door: Door, desk: AgentDesk) -> ModelInfo:
    """The model that answers, by the name its provider knows it by."""
    try:
        return ModelInfo(door.gateway.router.route(desk.preset.asked).model)
    except UnknownModel as unknown:
        raise NotFound(unknown.reason, param="model") from None


def _not_offered(id: str, rest: str) -> GatewayError:
    offered = ", ".join(f"/v1/{each}" for each in (*POSTS, *GETS))
    return NotFound(
        f"an agent does not offer /{rest[:200]}: it offers {offered} under /agents/{id}", code="unknown_url"
    )


def _wrong_method(right: str, path: str) -> GatewayError:
    return GatewayError(Fault(405, f"/v1/{path} takes {right}", code="method_not_allowed"))
