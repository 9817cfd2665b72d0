"""Clients' probes and telemetry: answered at once, nothing kept."""

from __future__ import annotations

from flask import Blueprint, Response, request

from gateway.web.request_ids import request_id_of

LIMIT = 1024 * 1024


def sinks_blueprint() -> Blueprint:
    routes = Blueprint("sinks", __name__)

    @routes.route("/api/hello", methods=["GET", "HEAD"])
    def hello() -> Response:
        return _taken()

    @routes.post("/api/event_logging")
    @routes.post("/api/event_logging/batch")
    @routes.post("/api/event_logging/v2/batch")
    @routes.post("/v1/api/event_logging")
    @routes.post("/v1/api/event_logging/batch")
    @routes.post("/v1/api/event_logging/v2/batch")
    def telemetry() -> Response:
        request.environ["wsgi.input"].read(LIMIT)
        return _taken()

    return routes


def _taken() -> Response:
    return Response(b"{}", 200, [("X-Request-Id", request_id_of(request.environ))], content_type="application/json")
