"""The route explainer: who would answer a request, why, and what that provider would be sent. The object is the one
that `dragoman explain --request FILE` prints."""

from __future__ import annotations

import json
from typing import Any

from flask import Response

from gateway.command.explain import question
from gateway.errors import GatewayError
from gateway.web.admin.visit import Visit
from gateway.web.explain import PROTOCOLS, explain_request

WORDS = {
    "openai": "OpenAI, Chat Completions",
    "responses": "OpenAI, Responses",
    "completions": "OpenAI, Completions",
    "anthropic": "Anthropic, Messages",
    "gemini": "Gemini",
}


def form(visit: Visit) -> Response:
    return _page(visit)


def explain(visit: Visit) -> Response:
    protocol, model, body = visit.asked("protocol"), visit.asked("model"), visit.asked("body")
    if protocol not in PROTOCOLS:
        return _page(visit, 422, why="choose what the client speaks")
    raw = body.encode() if body else question(model, protocol)
    try:
        found = explain_request(visit.gateway, raw, protocol=protocol, model=model).document()
    except GatewayError as error:
        return _page(visit, 422, why=f"The client would be told {error.fault.status}: {error.fault.message}")
    sent = json.dumps(found["sending"]["body"], indent=2, ensure_ascii=False) if found["sending"] else ""
    return _page(visit, found=found, sent=sent)


def _page(visit: Visit, status: int = 200, **values: Any) -> Response:
    filled = {name: visit.asked(name) for name in ("protocol", "model", "body")}
    blank = {"found": None, "why": "", "sent": ""}
    models = sorted({info.id for info in visit.gateway.catalog.models()})
    return visit.page(
        "explain.html", status=status, protocols=WORDS, filled=filled, models=models, **{**blank, **values}
    )
