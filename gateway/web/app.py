"""The Flask application of one Gateway: a blueprint per protocol and mount, errors in the asker's dialect."""

from __future__ import annotations

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from gateway.errors import GatewayError
from gateway.protocols.dialect import Dialect
from gateway.web.admin.blueprint import admin_blueprint
from gateway.web.agents import agents_blueprint
from gateway.web.anthropic import anthropic_blueprint
from gateway.web.bodies import BodyKeeper
from gateway.web.cors import CrossOrigin
from gateway.web.dispatch import Dispatcher
from gateway.web.door import Door
from gateway.web.embeddings import embeddings_blueprint
from gateway.web.gateway import Gateway
from gateway.web.gemini import gemini_blueprint
from gateway.web.health import health_blueprint
from gateway.web.lost import lost
from gateway.web.metrics import metrics_blueprint
from gateway.web.models import models_blueprint
from gateway.web.openai import openai_blueprint
from gateway.web.paths import PathDoctor
from gateway.web.sinks import sinks_blueprint
from gateway.web.stored import stored_blueprint


def create_app(gateway: Gateway) -> Flask:
    app = Dispatcher("dragoman")
    app.url_map.merge_slashes = False
    door = Door(gateway)
    app.register_blueprint(health_blueprint(door))
    if gateway.metrics is not None:
        app.register_blueprint(metrics_blueprint(door, gateway.metrics))
    app.register_blueprint(admin_blueprint(door))
    app.register_blueprint(sinks_blueprint())
    app.register_blueprint(models_blueprint(door))
    app.register_blueprint(agents_blueprint(door))
    for mount in ("", "/openai"):
        app.register_blueprint(openai_blueprint(door, mount))
        app.register_blueprint(stored_blueprint(door, mount))
        app.register_blueprint(embeddings_blueprint(door, mount))
    for mount in ("", "/anthropic"):
        app.register_blueprint(anthropic_blueprint(door, mount))
    for mount in ("", "/gemini"):
        for version in ("v1beta", "v1alpha", "v1"):
            app.register_blueprint(gemini_blueprint(door, mount, version))

    @app.errorhandler(HTTPException)
    def http_error(error: HTTPException) -> Response:
        response = door.refuse(dialect_of(door), GatewayError(lost(app, error)), mount=_mount())
        for name, value in error.get_headers():
            if name == "Allow":
                response.headers[name] = value
        return response

    server = gateway.config.server
    app.wsgi_app = PathDoctor(app.wsgi_app, repair=server.repair_paths)  # type: ignore[method-assign]
    if gateway.config.records.bodies:
        app.wsgi_app = BodyKeeper(app.wsgi_app, gateway.recorder.keep)  # type: ignore[method-assign]
    if server.cors_origins:
        app.wsgi_app = CrossOrigin(app.wsgi_app, server.cors_origins)  # type: ignore[method-assign]
    return app


def dialect_of(door: Door) -> Dialect:
    """The dialect of a request no route took, by its path and headers."""
    dialects, path, environ = door.gateway.dialects, request.path, request.environ
    if path.startswith("/openai/"):
        return dialects["chat"]
    if path.startswith("/anthropic/") or "/v1/messages" in path:
        return dialects["anthropic"]
    if path.startswith("/gemini/") or "/v1beta" in path or "/v1alpha" in path:
        return dialects["gemini"]
    if "HTTP_ANTHROPIC_VERSION" in environ:
        return dialects["anthropic"]
    return dialects["gemini" if "HTTP_X_GOOG_API_KEY" in environ else "chat"]


def _mount() -> str:
    return "/openai" if request.path.startswith("/openai/") else ""
