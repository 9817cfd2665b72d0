"""What can go wrong, in the common language; each dialect words it in its own error shape."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Fault:
    """An error with an HTTP status.

    `code` is the machine word in OpenAI's vocabulary ("model_not_found", "rate_limit_exceeded",
    "context_length_exceeded", ...); `param` the JSON path of the offending field; `retry_after` seconds;
    `raw_type` the provider's own type word; `details` provider details a same-dialect client may use;
    `keep_wording` marks messages clients match on (they are never reworded);
    `from_upstream` tells a provider's verdict from the gateway's own.
    """

    status: int
    message: str
    code: str | None = None
    param: str | None = None
    retry_after: float | None = None
    raw_type: str | None = None
    details: list[dict[str, Any]] = field(default_factory=list)
    keep_wording: bool = False
    from_upstream: bool = False


class Malformed(ValueError):
    """A request body that its dialect's reader cannot accept. `param` is the JSON path ("messages[2].role")."""

    def __init__(self, param: str, message: str, code: str | None = None) -> None:
        super().__init__(message)
        self.param = param
        self.message = message
        self.code = code
