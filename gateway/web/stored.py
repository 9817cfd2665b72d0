"""Stored responses: what a request for one has to be prepared with, and the routes that read, delete and cancel them.

https://platform.openai.com/docs/api-reference/responses
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, request

from gateway.errors import BadRequest
from gateway.protocols.responses.replay import replay
from gateway.protocols.wire_json import dumps
from gateway.relay.call import Call
from gateway.relay.keeper import Keeper
from gateway.relay.stored import Stored, not_found_before
from gateway.web.door import Door
from gateway.web.headers import SSE_HEADERS

PAGE = 20
LONGEST_PAGE = 100


def preparing(door: Door) -> Callable[[Call], None]:
    """For calls whose body is a Responses body: its history is found, its answer will be stored."""
    gateway = door.gateway
    stored, choices = gateway.stored, gateway.config.server.responses_choices
    affinity = gateway.config.routing.session_affinity
    responses = gateway.dialects["responses"]

    def prepare(call: Call) -> None:
        if call.dialect.read_request is not responses.read_request:
            return
        body = call.body
        if body.get("background"):
            raise BadRequest(
                "background responses are not offered by this gateway: leave `background` out and read the answer "
                "as it comes (`stream`: true keeps the connection alive for as long as it takes)",
                param="background",
                code="unsupported_parameter",
            )
        previous = body.get("previous_response_id")
        if call.preset is not None:
            call.echoed = {**body, "store": False}
            if previous:
                raise not_found_before(previous, "agents keep no responses")
            return
        if body.get("dry_run") is True:
            return
        keeps = stored.enabled and body.get("store") is not False and call.dialect is responses
        owner = gateway.keys.owner(request.environ) if previous or keeps else ""
        if previous:
            call.history = stored.history(previous, owner, body.get("input"))
        if call.dialect is not responses:
            return
        if not stored.enabled:
            call.echoed = {**body, "store": False}
        choosing = choices and not call.stream
        named = affinity and body.get("store") is not False
        if keeps or choosing or named:
            call.keeper = Keeper(call, stored if keeps else None, owner, choices=choosing, named=named)

    return prepare


def told_in_full(door: Door) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """A Responses body with the conversation that its `previous_response_id` stands for."""
    gateway = door.gateway

    def whole(body: dict[str, Any]) -> dict[str, Any]:
        previous = body.get("previous_response_id")
        if not isinstance(previous, str) or not previous:
            return body
        history = gateway.stored.history(previous, gateway.keys.owner(request.environ), body.get("input"))
        return history.inlined(body)

    return whole


def preparing_to_compact(door: Door) -> Callable[[Call], None]:
    """For calls to compact a conversation: its history is found, the answer is not stored."""
    gateway = door.gateway

    def prepare(call: Call) -> None:
        if call.body.get("dry_run"):
            raise BadRequest("dry_run has no answer here: `dragoman explain MODEL` tells the route", param="dry_run")
        previous = call.body.get("previous_response_id")
        if previous:
            call.history = gateway.stored.history(previous, gateway.keys.owner(request.environ), call.body.get("input"))

    return prepare


def stored_blueprint(door: Door, mount: str) -> Blueprint:
    """`mount` "" serves /v1/responses/..., "/openai" the same under its prefix."""
    routes = Blueprint(f"stored{mount.replace('/', '-')}", __name__, url_prefix=f"{mount}/v1/responses")
    gateway = door.gateway
    dialect = gateway.dialects["responses"]

    def owner() -> str:
        return gateway.keys.owner(request.environ)

    def tell(answer: Callable[[], Any]) -> Response:
        return door.tell(dialect, lambda: (dumps(answer()), []), mount=mount)

    @routes.get("/<identity>")
    def retrieve(identity: str) -> Response:
        if request.args.get("stream", "").lower() not in ("true", "1"):
            return tell(lambda: gateway.stored.find(identity, owner()).response)

        def events() -> tuple[bytes, list[tuple[str, str]]]:
            after = _number("starting_after", -1, -1)
            return replay(gateway.stored.find(identity, owner()).response, after), [*SSE_HEADERS]

        return door.tell(dialect, events, mount=mount, media_type="text/event-stream")

    @routes.delete("/<identity>")
    def delete(identity: str) -> Response:
        def answer() -> dict[str, Any]:
            gateway.stored.delete(identity, owner())
            return {"id": identity, "object": "response", "deleted": True}

        return tell(answer)

    @routes.post("/<identity>/cancel")
    def cancel(identity: str) -> Response:
        def answer() -> dict[str, Any]:
            gateway.stored.find(identity, owner())
            raise BadRequest(
                "Cannot cancel a synchronous response: only background responses can be cancelled, and this gateway "
                "has none. Closing the connection ends an answer that is still being written.",
                code="response_not_cancellable",
            )

        return tell(answer)

    @routes.get("/<identity>/input_items")
    def input_items(identity: str) -> Response:
        def answer() -> dict[str, Any]:
            whose = owner()
            stored = gateway.stored.find(identity, whose)
            return _page(gateway.stored.context(stored, whose), stored)

        return tell(answer)

    return routes


def _page(items: list[dict[str, Any]], stored: Stored) -> dict[str, Any]:
    """One page of a list as `limit`, `order` and `after` of the query want it."""
    order = request.args.get("order", "desc")
    if order not in ("asc", "desc"):
        raise BadRequest("order must be asc or desc", param="order")
    limit = _number("limit", PAGE, 1)
    if limit > LONGEST_PAGE:
        raise BadRequest(f"limit must be between 1 and {LONGEST_PAGE}", param="limit")
    if order == "desc":
        items = items[::-1]
    after = request.args.get("after")
    if after:
        places = [place for place, item in enumerate(items) if item.get("id") == after]
        if not places:
            raise BadRequest(
                f"No item with id '{after[:256]}' is among the input items of '{stored.response['id']}'.", param="after"
            )
        items = items[places[0] + 1 :]
    page = items[:limit]
    return {
        "object": "list",
        "data": page,
        "first_id": page[0].get("id") if page else None,
        "last_id": page[-1].get("id") if page else None,
        "has_more": len(items) > len(page),
    }


def _number(name: str, default: int, least: int) -> int:
    """A whole number of the query."""
    given = request.args.get(name)
    if not given:
        return default
    try:
        number = int(given)
    except ValueError:
        number = least - 1
    if number < least:
        raise BadRequest(f"{name} must be a whole number of at least {max(least, 0)}", param=name)
    return number
