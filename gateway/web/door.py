"""The front door every protocol's blueprint goes through: key, body, relay, answer, record."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from typing import Any, Literal

from flask import Response, request

from gateway.canon.fault import Fault, Malformed
from gateway.errors import BadRequest, ClientGone, Draining, GatewayError
from gateway.protocols.dialect import Dialect
from gateway.protocols.wire_json import TooDeep
from gateway.relay.call import Call
from gateway.relay.long import LongAnswer
from gateway.web.agent import Desk
from gateway.web.body import read_object
from gateway.web.checked import checked_call
from gateway.web.dispatch import Answer
from gateway.web.entry import Entry
from gateway.web.faults import fault_response
from gateway.web.gateway import Gateway
from gateway.web.headers import SSE_HEADERS, header_safe, outcome_headers
from gateway.web.keys import key_in_query
from gateway.web.request_ids import request_id_of
from gateway.web.streaming import Stream
from gateway.web.watch import watch
from schemas.wire import WireSchema

log = logging.getLogger("dragoman")

Shape = Callable[[Dialect, WireSchema, dict[str, Any], dict[str, Any]], tuple[Dialect, WireSchema]]

CLIENT_CLOSED_REQUEST = 499
"""nginx's word for a client that left before the answer; nobody reads it but the log."""


class Door:
    """One per gateway. `generate` answers every route that makes a model speak."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self._limit = gateway.config.server.max_body_mb * 1024 * 1024
        self._account_header = gateway.config.server.account_header

    def generate(
        self,
        dialect: Dialect,
        schema: WireSchema,
        *,
        shape: Shape = lambda dialect, schema, body, environ: (dialect, schema),
        mount: str = "",
        model: str | None = None,
        stream: bool | None = None,
        framing: Literal["sse", "array"] = "sse",
        query_key: bool = False,
        agent: Desk | None = None,
        prepare: Callable[[Call], None] = lambda call: None,
        answer: Callable[[Call], bytes | LongAnswer] | None = None,
    ) -> Response:
        """`model` and `stream` as the URL gives them (Gemini), else they are read from the body; `shape` may choose
        another dialect once the body is known, `prepare` sees the call before anyone is asked, `answer` stands for
        the relay's whole answer; `agent` has keys, model and preset of its own."""
        environ = request.environ
        started, at = time.monotonic(), time.time()
        request_id = request_id_of(environ)
        key, call, reserved = "", None, None
        try:
            key = (agent or self.gateway.keys).check(environ, query=query_key)
            if self.gateway.draining:
                raise Draining
            raw, body = read_object(environ, self._limit)
            if agent is not None:
                body = agent.fitted(body)
            dialect, schema = shape(dialect, schema, body, environ)
            call = checked_call(
                dialect,
                schema,
                raw,
                body,
                model=model,
                stream=stream,
                mount=mount,
                framing=framing,
                headers=client_headers(environ),
                request_id=request_id,
                started=started,
                timeout_s=self.gateway.config.server.request_timeout_s,
                preset=agent.preset if agent is not None else None,
                query_key=key_in_query(environ) if query_key else "",
            )
            prepare(call)
            reserved = self.gateway.admission.check(key, call)
            entry = Entry(self.gateway, call, environ, key, at, reserved=reserved)
            if call.stream:
                return self._streamed(call, entry)
            return self._whole(call, entry, answer or self.gateway.relay.whole)
        except Malformed as malformed:
            error: GatewayError = BadRequest.of(malformed)
        except (TooDeep, RecursionError):
            error = BadRequest("the body is nested too deeply")
        except GatewayError as gateway_error:
            error = gateway_error
        except ClientGone:
            error = GatewayError(Fault(CLIENT_CLOSED_REQUEST, "the client closed its connection", code="client_closed"))
        except Exception:
            log.exception("request %s failed inside the gateway", request_id)
            error = GatewayError(
                Fault(500, f"the gateway failed; its log has the reason under {request_id}", code="internal_error")
            )
        entry = Entry(self.gateway, call, environ, key, at, request_id=request_id, started=started, reserved=reserved)
        entry.close(error.fault.status, error.fault)
        headers = outcome_headers(call.outcome, request_id, "off") if call else [("X-Request-Id", request_id)]
        return fault_response(dialect, error.fault, request_id, headers, mount=mount)

    def count(
        self,
        dialect: Dialect,
        *,
        mount: str = "",
        model: str | None = None,
        query_key: bool = False,
        whole: Callable[[dict[str, Any]], dict[str, Any]] = lambda body: body,
    ) -> Response:
        """How many tokens a prompt has, in the dialect's own shape; X-Token-Count says how it is known. `whole` gives
        the request with all that it only refers to."""
        environ, started = request.environ, time.monotonic()
        counted: list[Call] = []

        def answer() -> tuple[bytes, list[tuple[str, str]]]:
            raw, body = read_object(environ, self._limit)
            asked = model if model is not None else body.get("model")
            if not isinstance(asked, str) or not asked:
                raise BadRequest("model is required: name the model that should count", param="model")
            call = Call(
                dialect=dialect,
                body=body,
                raw=raw,
                asked=asked,
                stream=False,
                mount=mount,
                started=started,
                deadline=started + self.gateway.config.server.request_timeout_s,
            )
            counted.append(call)
            call.body = whole(body)
            reserved = self.gateway.admission.check(
                self.gateway.keys.check(environ, query=query_key), call, counting=True
            )
            try:
                tokens, exact = self.gateway.relay.count(call)
            finally:
                if reserved is not None:
                    reserved.settle()
            assert dialect.counting is not None
            return dialect.counting.write_count(tokens), [("X-Token-Count", "exact" if exact else "estimate")]

        return self.tell(dialect, answer, mount=mount, query_key=query_key, counted=counted)

    def tell(
        self,
        dialect: Dialect,
        answer: Callable[[], tuple[bytes, list[tuple[str, str]]]],
        *,
        mount: str = "",
        query_key: bool = False,
        check: Callable[..., str] | None = None,
        media_type: str = "application/json",
        counted: Sequence[Call] = (),
    ) -> Response:
        """An answer that is no model's (a model list, a count): key (by `check`, else as
        everywhere), `answer()` with its headers, record. `counted` holds the call `answer` made, if it made one."""
        environ = request.environ
        started, at, request_id, key = time.monotonic(), time.time(), request_id_of(environ), ""
        fault: Fault | None = None
        try:
            key = (check or self.gateway.keys.check)(environ, query=query_key)
            body, headers = answer()
            response = Response(body, 200, headers, content_type=media_type)
        except Malformed as malformed:
            fault = BadRequest.of(malformed).fault
        except (TooDeep, RecursionError):
            fault = BadRequest("the body is nested too deeply").fault
        except GatewayError as error:
            fault = error.fault
        except ClientGone:
            fault = Fault(CLIENT_CLOSED_REQUEST, "the client closed its connection", code="client_closed")
        if fault is not None:
            response = fault_response(dialect, fault, request_id, [], mount=mount)
        response.headers["X-Request-Id"] = request_id
        call = counted[0] if counted else None
        if call is not None and call.outcome.mapped_model:
            response.headers["X-Mapped-Model"] = header_safe(call.outcome.mapped_model)
        Entry(self.gateway, None, environ, key, at, request_id=request_id, started=started, counted=call).close(
            response.status_code, fault
        )
        return response

    def refuse(
        self, dialect: Dialect, error: GatewayError, *, mount: str = "", check: Callable[..., str] | None = None
    ) -> Response:
        """Tells the client, if its key is good, what is wrong with its request."""

        def refusal() -> tuple[bytes, list[tuple[str, str]]]:
            raise error

        return self.tell(dialect, refusal, mount=mount, query_key=True, check=check)

    def _shown_account(self, call: Call) -> str:
        return self._account_header if call.preset is None else "off"

    def _whole(self, call: Call, entry: Entry, answer: Callable[[Call], bytes | LongAnswer]) -> Response:
        watching = watch(call_socket(), lambda: call.live.abort("client"))
        self.gateway.running[call.live] = entry
        stream = None
        try:
            body = answer(call)
            if isinstance(body, LongAnswer):
                pieces = body.pieces if call.keeper is None else call.keeper.long(body)
                stream = Stream(next(pieces), pieces, watching, entry)
            elif call.keeper is not None:
                body = call.keeper.whole(body)
        finally:
            if stream is None:
                watching.stop()
                self.gateway.running.pop(call.live, None)
        headers = outcome_headers(call.outcome, call.request_id, self._shown_account(call))
        if isinstance(body, LongAnswer):
            assert stream is not None
            if body.length is not None:
                headers.append(("Content-Length", str(body.length)))
            return Answer(stream, "application/json", headers)
        entry.sent = len(body)
        entry.close(200)
        return Answer(body, "application/json", headers)

    def _streamed(self, call: Call, entry: Entry) -> Response:
        watching = watch(call_socket(), lambda: call.live.abort("client"))
        self.gateway.running[call.live] = entry
        chunks = self.gateway.relay.stream(call)
        if call.keeper is not None:
            chunks = call.keeper.stream(chunks)
        try:
            first = next(chunks)
        except BaseException:
            watching.stop()
            self.gateway.running.pop(call.live, None)
            raise
        headers = outcome_headers(call.outcome, call.request_id, self._shown_account(call))
        media_type = "application/json" if call.framing == "array" else "text/event-stream"
        return Answer(Stream(first, chunks, watching, entry), media_type, [*headers, *SSE_HEADERS])


def client_headers(environ: dict[str, Any]) -> dict[str, str]:
    """The client's headers, lower-case names."""
    return {name[5:].replace("_", "-").lower(): value for name, value in environ.items() if name.startswith("HTTP_")}


def call_socket() -> Any:
    """The client's socket where the server tells it (gunicorn does)."""
    return request.environ.get("gunicorn.socket")
