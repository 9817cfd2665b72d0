"""One attempt at embeddings: passed through, or translated in as many requests as the provider wants."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from gateway.accounts.pool import Lease
from gateway.canon.embedding import EmbeddingRequest
from gateway.canon.fault import Fault
from gateway.canon.fold import Broken
from gateway.canon.usage import Usage
from gateway.errors import BadRequest, NotFound
from gateway.protocols.dialect import Dialect, Embedding, EmbeddingOperation
from gateway.protocols.passing import told_once
from gateway.protocols.wire_json import JSONDecodeError, dumps, loads
from gateway.relay.attempt import Attempt
from gateway.relay.call import Call
from gateway.relay.estimate import text_tokens
from gateway.relay.plan import AttemptFailed
from gateway.relay.settings import RelaySettings
from gateway.routing.router import Route
from gateway.upstreams.transport.exchange import Exchange
from gateway.upstreams.transport.faults import TransportFault
from gateway.upstreams.upstream import Upstream, forwarded

ANSWER_LIMIT = 256 * 1024 * 1024
"""Bytes: 2,048 vectors of 3,072 numbers in decimals are 130 MB."""


class EmbeddingAttempt(Attempt):
    """See Attempt; `embedded` gives the answer."""

    def __init__(self, call: Call, lease: Lease, upstream: Upstream, dialect: Dialect, settings: RelaySettings) -> None:
        super().__init__(call, lease, upstream, dialect, settings)
        assert call.dialect.embedding is not None and dialect.embedding is not None
        self.asking: Embedding = call.dialect.embedding
        self.answering: Embedding = dialect.embedding
        self.mode = "passthrough" if self.asking is self.answering else "translated"
        self._body = b""
        self._pending: list[tuple[EmbeddingOperation, bytes]] = []
        self._request: EmbeddingRequest | None = None

    def open(self) -> Exchange:
        """The first, or next, request of the attempt. Raises Malformed too."""
        if not self._pending:
            self._pending = self._requests()
        self.operation, self._body = self._pending.pop(0)
        return super().open()

    def embedded(self, exchange: Exchange) -> bytes:
        """The body for the client, from the answer to the first request. Raises AttemptFailed, ClientGone, Draining."""
        call, outcome, request = self.call, self.call.outcome, self._request
        outcome.estimated = False
        if request is None:
            answer = self._read(exchange)
            tokens = self._understood(self.asking.tokens, answer)
        else:
            embeddings = self._understood(self.answering.read_answer, self._read(exchange))
            while self._pending:
                part = self._understood(self.answering.read_answer, self._read(self.open()))
                embeddings.vectors += part.vectors
                known = embeddings.tokens is not None and part.tokens is not None
                embeddings.tokens = embeddings.tokens + part.tokens if known else None
            if len(embeddings.vectors) != len(request.inputs):
                raise AttemptFailed(Fault(502, "the provider's answer lacks embeddings", code="upstream_error"))
            if embeddings.tokens is None:
                embeddings.tokens, outcome.estimated = _estimate(request), True
            tokens = embeddings.tokens
            shown = call.asked if self.model == call.target else self.model
            answer = self.asking.write_answer(embeddings, request, shown)
        outcome.usage = None if tokens is None else Usage(input=tokens)
        outcome.account = self.lease.account.label
        return answer

    def _requests(self) -> list[tuple[EmbeddingOperation, bytes]]:
        if self.mode == "passthrough":
            body = self.call.body
            self.settings.media.admit(self.call)
            return [self.asking.pass_on(told_once(self.call.raw, body), body, self.model)]
        request = self._request = self.asking.read(self.call.body)
        self._mind_losses(request)
        return [(operation, dumps(body)) for operation, body in self.answering.write(request, self.model)]

    def _read(self, exchange: Exchange) -> bytes:
        try:
            return exchange.read_all(ANSWER_LIMIT, self.upstream.limits.idle, self.deadline)
        except TransportFault as fault:
            raise self.broken(fault) from None
        finally:
            exchange.close()

    def _prepare(self) -> tuple[bytes | dict[str, Any], dict[str, str]]:
        headers = dict(self.upstream.translated_headers)
        if self.mode == "passthrough":
            headers |= forwarded(self.call.headers, self.upstream.request_headers)
        return self._body, headers

    def _mind_losses(self, request: EmbeddingRequest) -> None:
        self.losses = request.losses
        grave = [loss for loss in self.losses if not loss.harmless]
        if grave and self.settings.strict:
            raise BadRequest(
                "strict mode: this request says things the provider cannot be told: "
                + "; ".join(f"{loss.path} ({loss.reason})" for loss in grave),
                param=grave[0].path,
                code="lossy_translation",
            )

    @staticmethod
    def _understood(read: Any, raw: bytes) -> Any:
        try:
            return read(loads(raw))
        except JSONDecodeError:
            fault = Fault(502, "the provider answered with something that is not JSON", code="upstream_error")
            raise AttemptFailed(fault) from None
        except Broken as broken:
            broken.fault.from_upstream = broken.fault.code != "upstream_error"
            raise AttemptFailed(broken.fault) from None


def embedding_route(route: Route, upstreams: Mapping[str, Upstream]) -> Route:
    """The route without upstreams that have no embeddings. Raises NotFound when none is left."""
    tiers = [[seat for seat in tier if upstreams[seat.upstream].embeds] for tier in route.tiers]
    left = [tier for tier in tiers if tier]
    if not left:
        served = ", ".join(sorted({seat.upstream for seat in route.seats()}))
        raise NotFound(
            f"The model {route.asked!r} is served by {served}, which has no embeddings. Ask for an embedding model of "
            "an upstream of kind gemini or openai; the operator adds one under [[upstreams]].",
            param="model",
        )
    return replace(route, tiers=left)


def _estimate(request: EmbeddingRequest) -> int:
    return max(round(sum(text_tokens(each) if isinstance(each, str) else len(each) for each in request.inputs)), 1)
