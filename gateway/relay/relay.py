"""The relay: one client request, up to `max_attempts` tries, one answer."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import TypeVar

from gateway.accounts.account import Account
from gateway.accounts.pool import Lease, Pool
from gateway.canon import events as ev
from gateway.canon.answer import Answer
from gateway.canon.fault import Fault, Malformed
from gateway.canon.fold import unfold
from gateway.canon.models import ModelInfo
from gateway.canon.quota import Quota
from gateway.errors import BadRequest, BrokenOff, ClientGone, Draining, GatewayError, NotFound
from gateway.protocols.dialect import AnswerWriter, Asked, Dialect
from gateway.relay.attempt import Attempt
from gateway.relay.call import Call
from gateway.relay.compact import CompactAttempt, compacting_route
from gateway.relay.conduit import Conduit
from gateway.relay.count import provider_count, read_dialogue
from gateway.relay.embed import EmbeddingAttempt, embedding_route
from gateway.relay.estimate import prompt_tokens
from gateway.relay.explained import Explainer
from gateway.relay.listing import listed
from gateway.relay.long import LongAnswer
from gateway.relay.plan import AttemptFailed, Plan
from gateway.relay.quota_watch import QuotaWatch
from gateway.relay.rehearsal import rehearsed
from gateway.relay.resume import Resume, open_text
from gateway.relay.settings import RelaySettings
from gateway.relay.stream import CutAfterContent, StreamPump
from gateway.relay.trial import tried
from gateway.relay.whole import whole_answer
from gateway.routing.router import Route, Router, UnknownModel
from gateway.upstreams.transport.exchange import Exchange
from gateway.upstreams.upstream import Upstream, forwarded

QUOTA_TIMEOUT_S = 20.0

log = logging.getLogger("dragoman")

Kind = TypeVar("Kind", bound=Attempt)
Body = TypeVar("Body", bound=bytes | LongAnswer)


class Relay:
    """Built once; `whole` and `stream` are called from any number of greenlets or threads."""

    def __init__(
        self,
        router: Router,
        pool: Pool,
        upstreams: Mapping[str, Upstream],
        dialects: Mapping[str, Dialect],
        settings: RelaySettings,
    ) -> None:
        self._router = router
        self._pool = pool
        self._upstreams = upstreams
        self._dialects = dialects
        self._settings = settings
        self.explainer = Explainer(router, pool, upstreams, dialects, settings)
        self._quotas = QuotaWatch(partial(self.list_of, timeout_s=QUOTA_TIMEOUT_S))

    def whole(self, call: Call) -> bytes | LongAnswer:
        """The answer's body; headers are told by `call.outcome`. Raises GatewayError or ClientGone. The first piece of
        a long answer has to be asked for, and its iterator closed."""
        if call.body.get("dry_run") is True:
            return call.dialect.write_answer(self._rehearsed(call), self._asked(call))
        return self._answered(self._plan(call), Attempt, whole_answer)

    def embed(self, call: Call) -> bytes:
        """The body with the embeddings; as `whole`. Raises Malformed too."""
        if call.body.get("dry_run"):
            raise Malformed(
                "dry_run", "dry_run has no answer among embeddings: `dragoman explain MODEL` tells the route"
            )
        route = embedding_route(self._route(call), self._upstreams)
        call.target = call.outcome.mapped_model = route.model
        plan = Plan(call, route, self._pool, self._settings.max_attempts)
        body = self._answered(plan, EmbeddingAttempt, EmbeddingAttempt.embedded)
        if call.outcome.estimated:
            call.outcome.response_headers["X-Token-Count"] = "estimate"
        return body

    def compact(self, call: Call) -> bytes:
        """The body with the compacted conversation; as `whole`."""
        route = compacting_route(self._route(call), self._upstreams)
        call.target = call.outcome.mapped_model = route.model
        plan = Plan(call, route, self._pool, self._settings.max_attempts, self._settings.affinity)
        return self._answered(plan, CompactAttempt, CompactAttempt.compacted)

    def _answered(self, plan: Plan, kind: type[Kind], answer: Callable[[Kind, Exchange], Body]) -> Body:
        call = plan.call
        while True:
            lease = plan.next()
            attempt = self._attempt(call, lease, kind)
            body: Body | None = None
            try:
                exchange = attempt.open()
                plan.opened(lease)
                body = answer(attempt, exchange)
            except AttemptFailed as failure:
                self._failed(plan, lease, failure)
                continue
            except BaseException as other:
                self._abandon(plan, lease, other)
                raise
            finally:
                if not isinstance(body, LongAnswer):
                    attempt.close()
            self._tell(attempt)
            if isinstance(body, LongAnswer):
                body.pieces = self._relayed(plan, attempt, body.pieces)
                return body
            plan.answered(lease)
            call.outcome.ended = "complete"
            return body

    def _relayed(self, plan: Plan, attempt: Attempt, pieces: Iterator[bytes]) -> Iterator[bytes]:
        """A long answer to its end, where the account is settled."""
        outcome, lease = plan.call.outcome, attempt.lease
        try:
            yield from pieces
        except AttemptFailed as failure:
            outcome.ended = "cut"
            plan.failed_late(lease, failure.fault)
            raise BrokenOff(failure.fault.message) from None
        except Draining as draining:
            self._abandon(plan, lease, draining)
            raise BrokenOff(draining.fault.message) from None
        except BaseException as other:
            self._abandon(plan, lease, other)
            raise
        finally:
            attempt.close()
        plan.answered(lease)
        outcome.ended = "complete"

    def stream(self, call: Call) -> Iterator[bytes]:
        """The answer's bytes as they come; `call.outcome` tells the headers once the first item is here.

        What fails before the first item raises GatewayError or ClientGone; after it, failures are the dialect's own
        error event and the iterator ends.
        """
        if call.body.get("dry_run") is True:
            yield self._writer(call).write(unfold(self._rehearsed(call)))
            return
        plan = self._plan(call)
        sent = False
        try:
            while True:
                lease = plan.next()
                attempt = self._attempt(call, lease, Attempt)
                try:
                    writer = call.dialect.answer_writer(attempt.asked())
                    pump = StreamPump(attempt, writer, partial(self._elsewhere, plan, lease))
                    exchange = attempt.open()
                    plan.opened(lease)
                    self._tell(attempt)
                    for data in pump.run(exchange):
                        sent = True
                        yield data
                except AttemptFailed as failure:
                    self._failed(plan, lease, failure)
                    continue
                except CutAfterContent as cut:
                    attempt.close()
                    yield from self._after_cut(plan, attempt, writer, cut)
                    return
                except BaseException as other:
                    self._abandon(plan, lease, other)
                    raise
                finally:
                    attempt.close()
                plan.answered(lease)
                call.outcome.ended = "complete"
                return
        except Malformed as malformed:
            raise BadRequest.of(malformed) from None
        except Exception as error:
            if isinstance(error, ClientGone):
                raise
            call.outcome.ended = call.outcome.ended or "failed"
            if not sent:
                raise
            yield self._writer(call).write([ev.Failure(_told(error, call))])

    def _after_cut(self, plan: Plan, attempt: Attempt, writer: AnswerWriter, cut: CutAfterContent) -> Iterator[bytes]:
        """The answer goes on from elsewhere where that can be done truthfully, else it ends in the error event."""
        call, fault = plan.call, cut.fault
        if cut.final:
            plan.abandoned(attempt.lease, fault.code or "")
        else:
            plan.failed_late(attempt.lease, fault)
        call.outcome.ended = "cut"
        unsent = cut.unsent + cut.conduit.catch_up(writer)
        if unsent:
            yield unsent
        opened = open_text(cut.conduit) if self._settings.resume != "off" and not cut.final else None
        if opened is not None:
            resume = Resume(writer, *opened, self._settings.keepalive_s, self._settings.resume == "continue")
            while not resume.went_on and (lease := plan.elsewhere()) is not None:
                other = self._attempt(call, lease, Attempt)
                try:
                    yield from resume.run(other)
                except AttemptFailed as failure:
                    plan.failed_late(lease, failure.fault)
                    continue
                except BaseException as error:
                    self._abandon(plan, lease, error)
                    if isinstance(error, Exception) and not isinstance(error, ClientGone):
                        fault = _told(error, call)
                        break
                    raise
                finally:
                    other.close()
                plan.answered(lease)
                call.outcome.ended = "complete"
                return
        yield writer.write([ev.Failure(fault)])

    def count(self, call: Call) -> tuple[int, bool]:
        """(prompt tokens of a count request, whether the provider counted them). Raises GatewayError or ClientGone."""
        try:
            dialogue = read_dialogue(call)
        except Malformed as malformed:
            raise BadRequest.of(malformed) from None
        self._settings.media.admit(call)
        route = self._route(call)
        lease = next((lease for tier in route.tiers if (lease := self._pool.lease(tier)) is not None), None)
        if lease is not None:
            try:
                upstream = self._upstreams[lease.seat.upstream]
                call.outcome.mapped_model = lease.seat.model
                profile = self._settings.profile_for(lease.seat.model)
                counted = provider_count(call, dialogue, lease, upstream, self._dialects[upstream.dialect], profile)
            finally:
                self._pool.release(lease)
            if counted is not None:
                return counted, True
        return prompt_tokens(dialogue), False

    def _failed(self, plan: Plan, lease: Lease, failure: AttemptFailed) -> None:
        """What the attempt counted is no part of the answer, which may come from elsewhere or not at all."""
        plan.call.outcome.usage, plan.call.outcome.finish = None, ""
        try:
            plan.failed(lease, failure)
        finally:
            self._quotas.failed(lease)

    def try_account(self, account: Account, model: str) -> Fault | None:
        """One tiny request by this account; None when it answered. Raises ClientGone, Draining, Malformed."""
        upstream = self._upstreams[account.upstream]
        dialect = self._dialects[upstream.dialect]
        return tried(account, model, self._pool, upstream, self._dialects["chat"], dialect, self._settings)

    def list_of(self, account: Account, timeout_s: float) -> tuple[list[ModelInfo], list[Quota]]:
        """What the provider lists for this account. Raises AttemptFailed, TransportFault, ValueError."""
        upstream = self._upstreams[account.upstream]
        models, quotas = listed(upstream, account, self._dialects[upstream.dialect], timeout_s)
        if quotas:
            self._pool.note_quotas(account, quotas)
        return models, quotas

    def _elsewhere(self, plan: Plan, lease: Lease, conduit: Conduit) -> bool:
        if not plan.has_other(lease):
            return False
        return not conduit.committed or (self._settings.resume != "off" and open_text(conduit) is not None)

    def _plan(self, call: Call) -> Plan:
        return Plan(call, self._route(call), self._pool, self._settings.max_attempts, self._settings.affinity)

    def _rehearsed(self, call: Call) -> Answer:
        self._route(call)
        answer = rehearsed(self.explainer.explained(call))
        call.outcome.ended = "complete"
        return answer

    def _route(self, call: Call) -> Route:
        try:
            route = self._router.route(call.asked, call.mount)
        except UnknownModel as unknown:
            if call.mount == "/openai" and self._router.has_tools:
                # What clients of clinvoker know for a name that is no tool's.
                raise BadRequest(unknown.reason, "model", "backend_not_found") from None
            raise NotFound(unknown.reason, param="model") from None
        call.target = call.outcome.mapped_model = route.model
        call.picture = route.picture
        return route

    def _attempt(self, call: Call, lease: Lease, kind: type[Kind]) -> Kind:
        upstream = self._upstreams[lease.seat.upstream]
        attempt = kind(call, lease, upstream, self._dialects[upstream.dialect], self._settings)
        outcome = call.outcome
        outcome.mapped_model, outcome.upstream, outcome.mode = lease.seat.model, upstream.name, attempt.mode
        outcome.attempts[-1].provider = upstream.provider or upstream.name
        return attempt

    @staticmethod
    def _tell(attempt: Attempt) -> None:
        """What response headers need to know of the attempt that answers."""
        outcome = attempt.call.outcome
        outcome.losses = attempt.losses
        outcome.response_headers = {}
        if attempt.exchange is not None:
            headers = attempt.exchange.headers
            outcome.provider_request_id = headers.get("x-request-id") or headers.get("request-id") or ""
            if attempt.native:
                outcome.response_headers = forwarded(headers, attempt.upstream.response_headers)

    def _abandon(self, plan: Plan, lease: Lease, why: BaseException) -> None:
        outcome = plan.call.outcome
        if isinstance(why, GeneratorExit | ClientGone):
            outcome.ended = "cancelled"
            plan.abandoned(lease, "client left")
        elif isinstance(why, Draining):
            outcome.ended = "cut"
            plan.abandoned(lease, "draining")
        elif isinstance(why, Malformed):
            plan.abandoned(lease, "bad request")
        else:
            outcome.ended = "failed"
            plan.abandoned(lease, type(why).__name__)

    @staticmethod
    def _writer(call: Call) -> AnswerWriter:
        """A writer for what is no attempt's."""
        return call.dialect.answer_writer(Relay._asked(call))

    @staticmethod
    def _asked(call: Call) -> Asked:
        body = call.echoed or call.body
        return Asked(model=call.asked, request_id=call.request_id, body=body, framing=call.framing)


def _told(error: Exception, call: Call) -> Fault:
    """What the client learns of an exception once its stream has begun."""
    if isinstance(error, GatewayError):
        return error.fault
    log.error("request %s failed inside the gateway", call.request_id, exc_info=error)
    return Fault(500, f"the gateway failed; its log has the reason under {call.request_id}", code="internal_error")
