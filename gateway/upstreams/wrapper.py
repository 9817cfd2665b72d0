"""An envelope around a dialect: the provider wants each request inside one and answers inside one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from gateway.canon.quota import Quota
from gateway.upstreams.transport.call import Abortable


class Payer(Protocol):
    """The account a request goes by, as far as an envelope needs it."""

    @property
    def id(self) -> str: ...

    def fact(self, name: str) -> str:
        """What is kept beside the credential under `name`, "" when nothing is."""
        ...

    def keep(self, name: str, value: str) -> None: ...


@dataclass(slots=True, frozen=True)
class Errand:
    """For whom a request is wrapped. `deadline` is time.monotonic(); `on_open` as for Upstream.open, for requests
    the wrapper has to make first. `aside`: the request is only looked at, so no such request may be made."""

    account: Payer
    secret: str
    request_id: str
    deadline: float
    proxy: str = ""
    on_open: Callable[[Abortable], None] | None = None
    aside: bool = False


class Refused(Exception):
    """The provider refused a request that had to come first; to be read like a refusal of the request itself."""

    def __init__(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        super().__init__(f"status {status}")
        self.status = status
        self.headers = headers
        self.body = body


class Wrapper(Protocol):
    """JSON values in, JSON values out; none of its arguments is changed."""

    def wrap(self, operation: str, model: str, body: Mapping[str, Any], errand: Errand) -> dict[str, Any] | None:
        """The provider's request around `body`, one in the upstream's dialect; None when it has no way to ask this.

        Raises Refused, TransportFault.
        """
        ...

    def unwrap(self, document: Any) -> Any:
        """What a whole answer, or one event of a streamed one, says in the dialect. Errors come as they are."""
        ...

    def retry(self, operation: str, status: int) -> dict[str, Any] | None:
        """Another body worth one more try after `status`; None when there is none."""
        ...

    def listed(self, document: Any) -> Any:
        """The answer to "models" as the dialect's own model list."""
        ...

    def quotas(self, document: Any, now: float) -> list[Quota]:
        """What the answer to "models" says is left. `now` is time.time()."""
        ...
