"""One try at one account: the request is prepared, sent, and its answer looked at until it can be trusted or not."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

from gateway.accounts.pool import Lease
from gateway.canon.dialogue import Dialogue, Loss, Turn
from gateway.canon.fault import Fault, Malformed
from gateway.canon.parts import Text
from gateway.errors import BadRequest, ClientGone, Draining, GatewayError
from gateway.protocols.dialect import Asked, Dialect
from gateway.protocols.losses import in_words, nested_fields
from gateway.protocols.names import NameMap
from gateway.protocols.passing import fitted, told_once, with_model
from gateway.protocols.wire_json import dumps
from gateway.relay.asking import Asking, asked
from gateway.relay.call import Call, Mode
from gateway.relay.estimate import rough_prompt_tokens
from gateway.relay.new_ids import known_ids, renaming
from gateway.relay.plan import AttemptFailed
from gateway.relay.preset import wish_of
from gateway.relay.settings import RelaySettings
from gateway.relay.shaped import needs_tool, shaped, telling
from gateway.relay.tracing import trace_headers
from gateway.routing.picture_names import put_under
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
from gateway.upstreams.upstream import Operation, Upstream, forwarded


class Attempt:
    """`mode` is chosen here, once. `dialect` is the upstream's; `started` and `deadline` are time.monotonic();
    `drop_usage` says that we asked for streamed usage."""

    def __init__(self, call: Call, lease: Lease, upstream: Upstream, dialect: Dialect, settings: RelaySettings) -> None:
        self.call = call
        self.lease = lease
        self.upstream = upstream
        self.dialect = dialect
        self.settings = settings
        self.started = time.monotonic()
        self.deadline = min(call.deadline, self.started + upstream.limits.request)
        self.profile = upstream.fitted(settings.profile_for(self.model))
        same = (
            dialect.name == call.dialect.name
            and call.framing == "sse"
            and call.preset is None
            and call.picture is None
            and not self._wants_unknown_format()
        )
        self.mode: Mode = "translated" if not same else "passthrough" if upstream.wrapper is None else "wrapped"
        self.hear = settings.remembered.listener(complete=not self.native)
        self.names: NameMap | None = None
        self.losses: list[Loss] = []
        self.drop_usage = False
        self.shows_thinking = True
        self.operation: Operation = "stream" if call.stream else "generate"
        self.exchange: Exchange | None = None
        self._begun: str | None = None

    @property
    def model(self) -> str:
        return self.lease.seat.model

    def asked(self) -> Asked:
        """What the client's answer writer must know. The model named is the one that answers when it is a fallback
        or an agent's.

        Raises Malformed."""
        call, estimate = self.call, 0
        if self.mode == "translated":
            dialogue = call.dialogue()[0]
            self.shows_thinking = dialogue.thinking is None or dialogue.thinking.shown is not False
            if call.stream and call.dialect.opens_with_usage:
                estimate = rough_prompt_tokens(dialogue, len(call.raw))
        return Asked(
            model=call.asked if self.model == call.target and call.preset is None else self.model,
            request_id=call.request_id,
            include_usage=_wants_usage(call),
            body=call.echoed or call.body,
            framing=call.framing,
            prompt_tokens=estimate,
            created=int(time.time()),
            shows_thinking=self.shows_thinking,
            passed_on=self.native,
        )

    @property
    def native(self) -> bool:
        """Whether the client gets the provider's own words."""
        return self.mode != "translated"

    def open(self) -> Exchange:
        """Sends the request; returns a 2xx exchange. Raises AttemptFailed, BadRequest (strict), ClientGone,
        Draining.

        A credential that is refused is renewed and the request sent once more, by the same account; so is a request
        whose history the provider has forgotten, in full.
        """
        refusal = self.upstream.refuses(self.call.headers)
        if refusal is not None:
            raise GatewayError(Fault(403, refusal, code="origin_not_allowed"))
        try:
            return self._send()
        except AttemptFailed as failure:
            history = self.call.history
            if failure.fault.code != "previous_response_not_found" or history is None or not history.forget():
                raise
        return self._send()

    def carry_on(self, text: str) -> Exchange:
        """As `open`, with the request ending in an assistant message `text` that the model is to go on from."""
        mode, self.mode, self._begun = self.mode, "translated", text
        try:
            return self.open()
        except BaseException:
            self.mode, self._begun = mode, None
            raise

    def prepared(self) -> Asking:
        """What is to be sent, still without credential and envelope. Raises BadRequest (strict), ClientGone,
        Draining."""
        body, headers = self._prepare()
        call, limits = self.call, self.upstream.limits
        if self.settings.tracing:
            headers |= trace_headers(call)
        return Asking(
            operation=self.operation,
            model=self.model,
            body=body,
            deadline=self.deadline,
            head_timeout=limits.first_content if call.stream else limits.whole,
            headers=headers,
            request_id=call.request_id,
            on_open=call.live.attach,
            answer_limit=self.settings.answer_limit,
        )

    def _send(self) -> Exchange:
        asking = self.prepared()
        try:
            self.exchange = asked(asking, self.lease.account, self.upstream, self.dialect)
        except TransportFault as fault:
            raise self.broken(fault) from None
        return self.exchange

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

    def _prepare(self) -> tuple[bytes | dict[str, Any], dict[str, str]]:
        call, upstream = self.call, self.upstream
        profile = self.profile
        if self.native:
            self.settings.media.admit(call)
        if self.mode == "wrapped":
            return self._fitted(call.raw, call.body)[1], dict(upstream.translated_headers)
        if self.mode == "passthrough":
            raw, body = told_once(call.raw, call.body), call.body
            if call.history is not None:
                full = call.history.for_provider(body, upstream.name, self.lease.account.label)
                if full is not None:
                    raw, body = dumps(full), full
            raw, body = self._fitted(raw, body)
            raw = with_model(raw, body, self.model)
            if call.stream and self.dialect.ask_usage is not None:
                asking = self.dialect.ask_usage(raw, {**body, "model": self.model})
                if asking is not None:
                    raw, self.drop_usage = asking, True
            return raw, {**upstream.translated_headers, **forwarded(call.headers, upstream.request_headers)}
        dialogue, losses = call.dialogue()
        if call.picture is not None:
            dialogue = replace(dialogue, picture=put_under(dialogue.picture, call.picture))
        if self._begun is not None:
            dialogue = replace(dialogue, turns=[*dialogue.turns, Turn("assistant", [Text(self._begun)])])
        dialogue = self._with_media(dialogue)
        dialogue = self.settings.remembered.put_back(dialogue, self.dialect.author)
        dialogue, shape = shaped(dialogue, profile)
        written = self.dialect.write_request(replace(dialogue, model=self.model), profile)
        if dialogue.tools:
            self.dialect = renaming(self.dialect, known_ids(dialogue.turns))
        if shape is not None:
            self.dialect = telling(self.dialect, shape)
        self.names = written.names
        self.losses = [*losses, *in_words(written.losses, call.dialect.turn, call.dialect.part)]
        if self.dialect.name != call.dialect.name:
            self.losses += nested_fields(call.dialect.unheard(dialogue, self.dialect.name), call.dialect.name)
        self._judge_losses()
        sent = written.body if upstream.wrapper is not None else dumps(written.body)
        return sent, dict(upstream.translated_headers)

    def _fitted(self, raw: bytes, body: dict[str, Any]) -> tuple[bytes, dict[str, Any]]:
        """What is passed on, without what the model refuses."""
        fit = fitted(raw, body, self.profile)
        if fit[1] is not body:
            reason = f"the model {self.model} refuses this field"
            self.losses = [
                Loss(name, reason) for name in self.profile.drop if name in body and name != "stream_options"
            ]
            self._judge_losses()
        return fit

    def _judge_losses(self) -> None:
        """Raises BadRequest in strict mode."""
        grave = [loss for loss in self.losses if not loss.harmless] if self.settings.strict else []
        if grave and self.call.presets_own:
            # A client that says nothing of it cannot take it back.
            grave = [loss for loss in grave if wish_of(loss.path) not in self.call.presets_own]
        if grave:
            raise BadRequest(
                "strict mode: this request says things the provider cannot be told: "
                + "; ".join(f"{loss.path} ({loss.reason})" for loss in grave),
                param=grave[0].path,
                code="lossy_translation",
            )

    def _wants_unknown_format(self) -> bool:
        """Whether the client wants a schema that this model cannot be told, which passing on would not change. The look
        at the bytes spares all others the reading."""
        if "schema" in self.profile.json_output or b"json" not in self.call.raw:
            return False
        try:
            return needs_tool(self.call.dialogue()[0], self.profile)
        except Malformed:
            return False

    def _with_media(self, dialogue: Dialogue) -> Dialogue:
        try:
            return self.settings.media.settle(self.call, dialogue, self.upstream)
        except Aborted as aborted:
            raise self.broken(aborted) from None


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
