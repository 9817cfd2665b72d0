"""One try at one account: the request is prepared, sent, and its answer looked at until it can be trusted or not."""

from __future__ import annotations

import time
from dataclasses import replace

from gateway.accounts.pool import Lease
from gateway.canon.dialogue import Loss
from gateway.canon.fault import Fault
from gateway.errors import BadRequest, ClientGone, Draining
from gateway.protocols.dialect import Asked, Dialect
from gateway.protocols.names import NameMap
from gateway.protocols.passing import fitted, with_model
from gateway.protocols.wire_json import dumps
from gateway.relay.call import Call, Mode
from gateway.relay.estimate import rough_prompt_tokens
from gateway.relay.plan import AttemptFailed
from gateway.relay.settings import RelaySettings
from gateway.upstreams.transport.exchange import Exchange
from gateway.upstreams.transport.faults import (
    Aborted,
    ConnectFault,
    ConnectTimeout,
    Cut,
    HeadTimeout,
    ProtocolFault,
    Silence,
    TooLarge,
    TransportFault,
)
from gateway.upstreams.upstream import Upstream, forwarded

ERROR_BODY_LIMIT = 1024 * 1024
ERROR_BODY_TIMEOUT_S = 10.0


class Attempt:
    """`mode` is chosen here, once. `dialect` is the upstream's; `started` is time.monotonic(); `drop_usage` says that
    we asked for streamed usage."""

    def __init__(self, call: Call, lease: Lease, upstream: Upstream, dialect: Dialect, settings: RelaySettings) -> None:
        self.call = call
        self.lease = lease
        self.upstream = upstream
        self.dialect = dialect
        self.settings = settings
        self.started = time.monotonic()
        same = dialect.name == call.dialect.name and call.framing == "sse"
        self.mode: Mode = "passthrough" if same else "translated"
        self.hear = settings.remembered.listener(complete=self.mode != "passthrough")
        self.names: NameMap | None = None
        self.losses: list[Loss] = []
        self.drop_usage = False
        self.exchange: Exchange | None = None

    @property
    def model(self) -> str:
        return self.lease.seat.model

    def asked(self) -> Asked:
        """What the client's answer writer must know. The model named is the one that answers when it is a fallback.

        Raises Malformed."""
        call, estimate = self.call, 0
        if call.stream and self.mode == "translated" and call.dialect.opens_with_usage:
            estimate = rough_prompt_tokens(call.dialogue()[0], len(call.raw))
        return Asked(
            model=call.asked if self.model == call.target else self.model,
            request_id=call.request_id,
            include_usage=_wants_usage(call),
            body=call.body,
            framing=call.framing,
            prompt_tokens=estimate,
            created=int(time.time()),
        )

    def open(self) -> Exchange:
        """Sends the request; returns a 2xx exchange. Raises AttemptFailed, BadRequest (strict), ClientGone,
        Draining."""
        body, headers = self._prepare()
        limits = self.upstream.limits
        try:
            exchange = self.upstream.open(
                "stream" if self.call.stream else "generate",
                self.model,
                body,
                secret=self.lease.account.secret,
                proxy=self.lease.account.proxy,
                more_headers=headers,
                head_timeout=limits.first_content if self.call.stream else limits.whole,
                deadline=self.call.deadline,
                on_open=self.call.live.attach,
            )
        except TransportFault as fault:
            raise self.broken(fault) from None
        self.exchange = exchange
        if not 200 <= exchange.status < 300:
            raise AttemptFailed(self._refusal(exchange))
        return exchange

    def broken(self, fault: TransportFault) -> AttemptFailed:
        """The transport's word for what happened as a failure of this attempt. Raises ClientGone, Draining."""
        if isinstance(fault, Aborted):
            if self.call.live.reason == "draining":
                raise Draining
            raise ClientGone
        return AttemptFailed(transport_fault(fault, self.upstream.name))

    def close(self) -> None:
        if self.exchange is not None:
            self.exchange.close()

    def _prepare(self) -> tuple[bytes, dict[str, str]]:
        call, upstream = self.call, self.upstream
        profile = self.settings.profile_for(self.model)
        if self.mode == "passthrough":
            raw, body = fitted(call.raw, call.body, profile)
            raw = with_model(raw, body, self.model)
            if call.stream and self.dialect.ask_usage is not None:
                asking = self.dialect.ask_usage(raw, {**body, "model": self.model})
                if asking is not None:
                    raw, self.drop_usage = asking, True
            return raw, {**upstream.translated_headers, **forwarded(call.headers, upstream.request_headers)}
        dialogue, losses = call.dialogue()
        dialogue = self.settings.remembered.put_back(dialogue, self.dialect.author)
        written = self.dialect.write_request(replace(dialogue, model=self.model), profile)
        self.names = written.names
        self.losses = [*losses, *written.losses]
        grave = [loss for loss in self.losses if not loss.harmless]
        if grave and self.settings.strict:
            raise BadRequest(
                "strict mode: this request says things the provider cannot be told: "
                + "; ".join(f"{loss.path} ({loss.reason})" for loss in grave),
                param=grave[0].path,
                code="lossy_translation",
            )
        return dumps(written.body), dict(upstream.translated_headers)

    def _refusal(self, exchange: Exchange) -> Fault:
        """What a provider said with a status that is no success."""
        try:
            body = exchange.read_all(ERROR_BODY_LIMIT, ERROR_BODY_TIMEOUT_S, self.call.deadline)
        except Aborted as aborted:
            raise self.broken(aborted) from None
        except TransportFault:
            body = b""
        if 300 <= exchange.status < 400:
            return Fault(
                502,
                f"the upstream {self.upstream.name} answered with a redirect ({exchange.status}), "
                "which is not followed: correct its base_urls",
                code="upstream_error",
                from_upstream=True,
            )
        fault = self.dialect.read_error(exchange.status, exchange.headers, body)
        fault.from_upstream = True
        return fault


def transport_fault(fault: TransportFault, upstream: str) -> Fault:
    """The client's view of a broken connection to an upstream."""
    match fault:
        case ConnectTimeout() | HeadTimeout() | Silence():
            status, code, word = 504, "upstream_timeout", "did not answer in time"
        case ConnectFault():
            status, code, word = 502, "upstream_error", "cannot be reached"
        case Cut():
            status, code, word = 502, "upstream_error", "closed the connection before its answer was complete"
        case TooLarge():
            status, code, word = 502, "upstream_error", "sent an answer that is too large"
        case ProtocolFault():
            status, code, word = 502, "upstream_error", "sent something that is not HTTP"
        case _:
            status, code, word = 502, "upstream_error", "failed"
    return Fault(status, f"the upstream {upstream} {word} ({fault})", code=code)


def _wants_usage(call: Call) -> bool:
    options = call.body.get("stream_options")
    return isinstance(options, dict) and bool(options.get("include_usage"))
