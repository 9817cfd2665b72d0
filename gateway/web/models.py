"""Model lists and single models, in the asker's shape."""

from __future__ import annotations

from flask import Blueprint, Response, request

from gateway.canon.models import ModelInfo
from gateway.errors import NotFound
from gateway.protocols.dialect import Dialect
from gateway.routing.router import UnknownModel
from gateway.web.door import Door


def models_blueprint(door: Door) -> Blueprint:
    """/v1/models, which three protocols share: the headers tell who asks."""
    routes = Blueprint("models", __name__, url_prefix="/v1")

    @routes.get("/models")
    def models() -> Response:
        return model_list(door, asking(door))

    @routes.get("/models/<path:model>")
    def model(model: str) -> Response:
        return one_model(door, asking(door), model)

    return routes


def asking(door: Door) -> Dialect:
    """anthropic-version -> Anthropic, x-goog-api-key -> Gemini (Node's SDK asks /v1/models), else OpenAI."""
    dialects = door.gateway.dialects
    if "HTTP_ANTHROPIC_VERSION" in request.environ:
        return dialects["anthropic"]
    if "HTTP_X_GOOG_API_KEY" in request.environ:
        return dialects["gemini"]
    return dialects["chat"]


def model_list(door: Door, dialect: Dialect, *, mount: str = "", query_key: bool = False) -> Response:
    def answer() -> tuple[bytes, list[tuple[str, str]]]:
        return dialect.write_models(_seen(door, query_key)), []

    return door.tell(dialect, answer, mount=mount, query_key=query_key)


def one_model(door: Door, dialect: Dialect, model: str, *, mount: str = "", query_key: bool = False) -> Response:
    def answer() -> tuple[bytes, list[tuple[str, str]]]:
        return dialect.write_model(_find(door, model, query_key)), []

    return door.tell(dialect, answer, mount=mount, query_key=query_key)


def _seen(door: Door, query_key: bool) -> list[ModelInfo]:
    """The models that the presented key may use."""
    gateway = door.gateway
    name = gateway.keys.check(request.environ, query=query_key)
    return [info for info in gateway.catalog.models() if gateway.admission.may_see(name, info.id)]


def _find(door: Door, model: str, query_key: bool) -> ModelInfo:
    name = model.removeprefix("models/")
    if not door.gateway.admission.may_see(door.gateway.keys.check(request.environ, query=query_key), name):
        raise NotFound(f"the model '{name}' is not among those this key may use", param="model")
    for info in door.gateway.catalog.models():
        if info.id == name:
            return info
    try:
        door.gateway.router.route(name)
    except UnknownModel as unknown:
        raise NotFound(unknown.reason, param="model") from None
    return ModelInfo(name)
