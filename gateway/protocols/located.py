"""Where in a request a fault lies, for error shapes that have no field for it."""

from __future__ import annotations

from gateway.canon.fault import Fault


def located(fault: Fault) -> str:
    """The message with the JSON path before it, as Anthropic and Google word theirs. A provider's own words stay."""
    if not fault.param or fault.from_upstream or fault.keep_wording or fault.param in fault.message:
        return fault.message
    return f"{fault.param}: {fault.message}"
