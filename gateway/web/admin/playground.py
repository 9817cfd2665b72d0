"""Asking a model from the browser. The request goes through the same door as every other; who is logged in needs no
client key, and the record says where it came from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response

from gateway.relay.preset import Preset
from gateway.web.admin.visit import Visit
from schemas.chat import CHAT

NAME = "(admin page)"
"""In records; no key can have this name."""
MOST_MODELS = 500


class PlaygroundDesk:
    """Lets in whom the page has let in already: session and token are checked before this is made."""

    preset: Preset | None = None

    def check(self, environ: Mapping[str, Any], *, query: bool = False) -> str:
        return NAME

    def fitted(self, body: dict[str, Any]) -> dict[str, Any]:
        return body


def playground(visit: Visit) -> Response:
    models = sorted({info.id for info in visit.gateway.catalog.models()})[:MOST_MODELS]
    return visit.page("playground.html", models=models)


def send(visit: Visit) -> Response:
    dialect = visit.gateway.dialects["chat"]
    return visit.desk.door.generate(dialect, CHAT, agent=PlaygroundDesk())
