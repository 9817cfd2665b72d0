"""The record of one request, noted once, however it ended."""

from __future__ import annotations

import time
from typing import Any

from gateway.canon.fault import Fault
from gateway.keys.ledger import Reservation
from gateway.monitoring.record import Record
from gateway.relay.affinity import session_told
from gateway.relay.call import Call
from gateway.web.bill import charge
from gateway.web.client import client_address
from gateway.web.gateway import Gateway
from gateway.web.headers import masked


class Entry:
    """The record of one request, noted once."""

    def __init__(
        self,
        gateway: Gateway,
        call: Call | None,
        environ: dict[str, Any],
        key: str,
        at: float,
        *,
        request_id: str = "",
        started: float = 0.0,
        reserved: Reservation | None = None,
        counted: Call | None = None,
    ) -> None:
        """`counted` is a call whose tokens were counted: its models are noted, it used nothing."""
        self.gateway = gateway
        self.call = call
        self._environ = environ
        self.key = key
        self.at = at
        self._id = call.request_id if call else request_id
        self._named = call or counted
        self._started = call.started if call else started
        self._reserved = reserved
        self._noted = False
        self.sent = 0
        """Bytes of the answer."""

    @property
    def path(self) -> str:
        return str(self._environ["PATH_INFO"])

    def close(self, status: int, fault: Fault | None = None) -> None:
        if self._noted:
            return
        self._noted = True
        environ, gateway = self._environ, self.gateway
        record = Record(
            at=self.at,
            id=self._id,
            method=environ["REQUEST_METHOD"],
            path=environ["PATH_INFO"],
            client=client_address(environ, gateway.config.server.trusted_proxies),
            key=self.key,
            status=status,
            seconds=time.monotonic() - self._started,
            asked=self._named.asked if self._named else "",
            mapped=self._named.outcome.mapped_model if self._named else "",
        )
        if fault is not None:
            record.error = fault.code or str(fault.status)
        if self.call is not None:
            _fill(record, self.call, mask=gateway.config.server.account_header == "masked")
            answering = gateway.upstreams.get(record.upstream)
            charge(record, self.call, self.sent, gateway.prices, free=answering is not None and answering.free)
            if fault is not None and not record.ended:
                record.ended = "failed"
        if self._reserved is not None:
            self._reserved.settle((record.input_tokens or 0) + (record.output_tokens or 0), record.cost_usd or 0.0)
        gateway.recorder.note(record)


def _fill(record: Record, call: Call, *, mask: bool) -> None:
    outcome = call.outcome
    record.mapped, record.mode, record.upstream = outcome.mapped_model, outcome.mode, outcome.upstream
    record.stream, record.ended, record.finish = call.stream, outcome.ended, outcome.finish
    record.affinity, record.session = outcome.affinity, session_told(call.headers)
    record.first_content_s, record.losses = outcome.first_content_s, len(outcome.losses)
    record.waited_s, record.provider_request_id = call.live.waited(), outcome.provider_request_id
    record.tries, record.trace = outcome.attempts, outcome.trace
    if outcome.attempts:
        shown = masked if mask else str
        record.account = shown(outcome.attempts[-1].account)
        record.attempts = [
            f"{'use=' + each.use + ' ' if each.use else ''}{each.upstream}/{shown(each.account)}: {each.outcome}"
            for each in outcome.attempts
        ]
