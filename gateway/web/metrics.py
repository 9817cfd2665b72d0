"""GET /metrics, for whoever holds the admin key, whatever the mode of client keys."""

from __future__ import annotations

import hmac
import time
from collections.abc import Iterator, Mapping
from typing import Any

from flask import Blueprint, Response, request

from gateway.canon.fault import Fault
from gateway.monitoring.metrics import CONTENT_TYPE, AccountState, Metrics
from gateway.web.door import Door
from gateway.web.faults import fault_response
from gateway.web.gateway import Gateway
from gateway.web.headers import masked
from gateway.web.keys import presented
from gateway.web.request_ids import request_id_of

NO_KEY = (
    "this page is for operators: set [auth] admin_key in the configuration and send it as 'Authorization: Bearer KEY'"
)
WRONG = "this page is for operators: send the admin key ([auth] admin_key) as 'Authorization: Bearer KEY'"


def metrics_blueprint(door: Door, metrics: Metrics) -> Blueprint:
    routes = Blueprint("metrics", __name__)
    gateway = door.gateway

    @routes.get("/metrics")
    def page() -> Response:
        admin_key = gateway.config.auth.admin_key
        if not is_operator(admin_key, request.environ):
            fault = Fault(401 if admin_key else 403, WRONG if admin_key else NO_KEY, code="invalid_admin_key")
            return fault_response(gateway.dialects["chat"], fault, request_id_of(request.environ), [])
        try:
            text = metrics.page(account_states(gateway))
        except OSError as error:
            fault = Fault(503, f"the metrics cannot be read ({error.strerror})", code="metrics_unavailable")
            return fault_response(gateway.dialects["chat"], fault, request_id_of(request.environ), [])
        return Response(text, 200, content_type=CONTENT_TYPE)

    return routes


def is_operator(admin_key: str, environ: Mapping[str, Any]) -> bool:
    """Whether the admin key was presented; without one in the configuration nobody is."""
    wanted = admin_key.encode()
    return bool(wanted) and any([hmac.compare_digest(wanted, each) for each in presented(environ, False)])


def account_states(gateway: Gateway) -> Iterator[AccountState]:
    now = time.time()
    shown = masked if gateway.config.server.account_header == "masked" else str
    for account in gateway.pool.accounts():
        rest = 0.0 if account.resting is None else account.resting.left(now)
        state = "disabled" if account.disabled_reason is not None else "resting" if rest > 0 else "usable"
        yield AccountState(account.upstream, shown(account.label), state, rest)
