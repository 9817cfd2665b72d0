"""Is the process alive, and can it answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, request

from gateway import __version__
from gateway.errors import Unauthorized
from gateway.protocols.wire_json import dumps
from gateway.web.door import Door
from gateway.web.faults import fault_response
from gateway.web.request_ids import request_id_of


def health_blueprint(door: Door) -> Blueprint:
    routes = Blueprint("health", __name__)
    gateway = door.gateway

    def guarded(answer: Callable[[], tuple[int, dict[str, Any]]]) -> Response:
        request_id = request_id_of(request.environ)
        named = [("X-Request-Id", request_id)]
        try:
            gateway.keys.check(request.environ, health=True)
        except Unauthorized as error:
            return fault_response(gateway.dialects["chat"], error.fault, request_id, named)
        status, document = answer()
        return Response(dumps(document), status, named, content_type="application/json")

    @routes.get("/healthz")
    @routes.get("/health")
    @routes.get("/api/health")
    def health() -> Response:
        return guarded(lambda: (200, {"status": "ok", "version": __version__}))

    @routes.get("/readyz")
    def ready() -> Response:
        def answer() -> tuple[int, dict[str, Any]]:
            reason = gateway.ready()
            if reason is None:
                why, missing = "; ".join(gateway.warnings()), gateway.unavailable()
                more = {**({"degraded": why} if why else {}), **({"unavailable": missing} if missing else {})}
                return 200, {"status": "ready", "version": __version__, **more}
            return 503, {"status": "not ready", "reason": reason, "version": __version__}

        return guarded(answer)

    return routes
