"""Every failure the gateway tells a client of.

GatewayError            carries a canon Fault; web words it in the client's dialect
├── BadRequest          400, the client's body or parameters
├── Unauthorized        401, the client's key
├── NotFound            404, model or path
├── Exhausted           429/503/..., no account could answer: the true last status and Retry-After
└── Draining            503, this process is going away
ClientGone              the client left; nobody is told
"""

from __future__ import annotations

from gateway.canon.fault import Fault, Malformed


class GatewayError(Exception):
    """`fault` is what the client learns; `mapped_model` is set once routing has decided."""

    def __init__(self, fault: Fault, *, mapped_model: str = "", mode: str = "") -> None:
        super().__init__(fault.message)
        self.fault = fault
        self.mapped_model = mapped_model
        self.mode = mode


class BadRequest(GatewayError):
    def __init__(self, message: str, param: str | None = None, code: str | None = None) -> None:
        super().__init__(Fault(400, message, code=code, param=param))

    @classmethod
    def of(cls, malformed: Malformed) -> BadRequest:
        return cls(malformed.message, malformed.param, malformed.code)


class Unauthorized(GatewayError):
    def __init__(self, message: str) -> None:
        super().__init__(Fault(401, message, code="invalid_api_key"))


class NotFound(GatewayError):
    def __init__(self, message: str, code: str = "model_not_found", param: str | None = None) -> None:
        super().__init__(Fault(404, message, code=code, param=param))


class Exhausted(GatewayError):
    """No candidate is left; `fault` is the true last word."""


class Draining(GatewayError):
    def __init__(self) -> None:
        super().__init__(
            Fault(503, "the gateway is shutting down; try again in a moment", code="draining", retry_after=5)
        )


class BrokenOff(Exception):
    """An answer broke after its beginning had left, and nothing can be said any more: the connection ends without the
    answer's proper end."""


class ClientGone(Exception):
    """The client closed its connection."""
