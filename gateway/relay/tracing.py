"""A request's place in a trace: taken over from the client, handed on to the provider.

https://www.w3.org/TR/trace-context/
"""

from __future__ import annotations

import re
import secrets

from gateway.relay.call import Call

_TRACEPARENT = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})")
NO_PARENT = "0" * 16


def trace_headers(call: Call) -> dict[str, str]:
    """The headers for the attempt that is sent now. What the client says is believed where it is well-formed."""
    outcome = call.outcome
    if not outcome.trace:
        given = _TRACEPARENT.fullmatch(call.headers.get("traceparent", ""))
        trace, parent, flags = given.groups() if given else (secrets.token_hex(16), NO_PARENT, "01")
        outcome.trace = f"00-{trace}-{parent}-{flags}"
    _, trace, parent, flags = outcome.trace.split("-")
    span = secrets.token_hex(8)
    if outcome.attempts:
        outcome.attempts[-1].span = span
    headers = {"traceparent": f"00-{trace}-{span}-{flags}"}
    if parent != NO_PARENT and "tracestate" in call.headers:
        headers["tracestate"] = call.headers["tracestate"]
    return headers
