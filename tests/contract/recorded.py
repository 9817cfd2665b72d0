"""What reached the providers, for whatever asks them."""

from __future__ import annotations

from tests.contract.seen.every import READERS
from tests.contract.seen.seen import Seen
from tests.scripted.upstream import Request, ScriptedUpstream


class Recorded:
    up: ScriptedUpstream

    @property
    def request(self) -> Request:
        """The one request that reached a provider."""
        (request,) = self.up.asked()
        return request

    @property
    def seen(self) -> Seen:
        """It, judged by the types of the provider's own SDK."""
        return READERS[self.request.dialect](self.request.body)
