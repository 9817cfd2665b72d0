"""From a body that was read to the Call the relay answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from gateway.errors import BadRequest, NotFound
from gateway.protocols.dialect import Dialect
from gateway.protocols.wire_json import dumps
from gateway.relay.call import Call
from gateway.relay.preset import Preset
from gateway.routing.router import LONGEST_NAME
from schemas.wire import WireSchema


def checked_call(
    dialect: Dialect,
    schema: WireSchema,
    raw: bytes,
    body: dict[str, Any],
    *,
    model: str | None,
    stream: bool | None,
    mount: str,
    framing: Literal["sse", "array"],
    headers: Mapping[str, str],
    request_id: str,
    started: float,
    timeout_s: float,
    preset: Preset | None,
    query_key: str = "",
) -> Call:
    """`model` and `stream` as the URL gives them, None to read them from the body; `started` is time.monotonic();
    `query_key` the client's key where it stands in the URL.

    Raises Malformed, BadRequest, NotFound.
    """
    schema.check(body)
    dialect.check_request(body)
    if "dry_run" in body and not body["dry_run"]:
        body = {name: value for name, value in body.items() if name != "dry_run"}
        raw = dumps(body)
    asked = model if model is not None else body.get("model") or ""
    if not asked:
        raise BadRequest("model is required: name the model that should answer", param="model")
    if len(asked) > LONGEST_NAME:
        raise NotFound(f"A model name of {len(asked)} characters is too long.", param="model")
    return Call(
        dialect=dialect,
        body=body,
        raw=raw,
        asked=asked,
        stream=bool(body.get("stream")) if stream is None else stream,
        deadline=started + timeout_s,
        request_id=request_id,
        mount=mount,
        framing=framing,
        headers=headers,
        started=started,
        preset=preset,
        query_key=query_key,
    )
