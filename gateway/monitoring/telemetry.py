"""Traces and metrics for OpenTelemetry, made from records; needs the extra `otel`.

Switched on and set up by the standard environment variables (OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_SERVICE_NAME, ...):
https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
Names are those of the GenAI conventions: https://opentelemetry.io/docs/specs/semconv/gen-ai/
"""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib.util import find_spec
from typing import Any

from gateway import __version__
from gateway.monitoring.record import Record

log = logging.getLogger("dragoman")

ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT")
PACKAGES = "opentelemetry-sdk opentelemetry-exporter-otlp-proto-http"
OPERATIONS = (
    ("/chat/completions", "chat"), ("/completions", "text_completion"), ("/embeddings", "embeddings"),
    (":embedContent", "embeddings"), (":batchEmbedContents", "embeddings"),
    (":generateContent", "generate_content"), (":streamGenerateContent", "generate_content"),
)  # fmt: skip
"""By the end of the path; all others chat."""
SECONDS = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
TOKENS = (1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864)
"""Both as the conventions advise."""
CLIENT_LEFT = 499


def wanted(environ: Mapping[str, str]) -> bool:
    """Whether somebody listens."""
    return environ.get("OTEL_SDK_DISABLED", "").lower() != "true" and any(environ.get(name) for name in ENDPOINTS)


@lru_cache(maxsize=1)
def telemetry() -> Telemetry | None:
    """The process's own, None where it is off or its packages are not installed."""
    if not wanted(os.environ):
        return None
    if find_spec("opentelemetry") is None or find_spec("opentelemetry.exporter") is None:
        log.warning("OTEL_* is set, but OpenTelemetry is not installed: %s -m pip install %s", sys.executable, PACKAGES)
        return None
    return Telemetry()


class Telemetry:
    """`take` is called by one thread, aside of requests; the SDK sends from threads of its own."""

    def __init__(self) -> None:
        self._provider: Any = None
        self._meters: Any = None
        self._told = False

    def take(self, records: Sequence[Record]) -> None:
        try:
            if self._provider is None:
                self._open()
            shift = time.time() - time.monotonic()
            for record in records:
                if record.tries:
                    self._count(record)
                    self._trace(record, shift)
        except Exception:  # whatever the SDK makes of its environment: the log and the records must go on
            if not self._told:
                self._told = True
                log.exception("telemetry: OpenTelemetry cannot be fed")

    def close(self) -> None:
        """Sends what waits."""
        for each in (self._provider, self._meters):
            if each is not None:
                each.shutdown()

    def _open(self) -> None:
        from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.metrics import MeterProvider
        from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
        from opentelemetry.sdk.trace.id_generator import RandomIdGenerator

        class Given(RandomIdGenerator):
            """Ids that a provider has been told already, once each."""

            trace = span = 0

            def generate_trace_id(self) -> int:
                found, self.trace = self.trace, 0
                return found or super().generate_trace_id()

            def generate_span_id(self) -> int:
                found, self.span = self.span, 0
                return found or super().generate_span_id()

        resource = Resource.create({"service.version": __version__, "service.instance.id": str(os.getpid())})
        if str(resource.attributes.get("service.name", "unknown_service")).startswith("unknown_service"):
            resource = resource.merge(Resource({"service.name": "dragoman"}))
        self._ids = Given()
        self._provider = TracerProvider(resource=resource, id_generator=self._ids, shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        self._tracer = self._provider.get_tracer("dragoman", __version__)
        reader = PeriodicExportingMetricReader(OTLPMetricExporter())
        self._meters = MeterProvider([reader], resource=resource, shutdown_on_exit=False)
        meter = self._meters.get_meter("dragoman", __version__)

        def histogram(name: str, unit: str, buckets: Sequence[float]) -> Any:
            return meter.create_histogram(name, unit, explicit_bucket_boundaries_advisory=buckets)

        self._duration = histogram("gen_ai.client.operation.duration", "s", SECONDS)
        self._first = histogram("gen_ai.client.operation.time_to_first_chunk", "s", SECONDS)
        self._tokens = histogram("gen_ai.client.token.usage", "{token}", TOKENS)
        self._overhead = histogram("dragoman.overhead", "s", (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 1))

    def _count(self, record: Record) -> None:
        last = record.tries[-1]
        common = {**_about(record, last), **({"error.type": _error(record)} if _error(record) else {})}
        self._duration.record(record.seconds, common)
        if record.first_content_s is not None:
            self._first.record(record.first_content_s, common)
        if record.waited_s is not None:
            self._overhead.record(max(record.seconds - record.waited_s, 0.0), common)
        for kind, count in (("input", record.input_tokens), ("output", record.output_tokens)):
            if count is not None and record.source == "provider":
                self._tokens.record(count, {**_about(record, last), "gen_ai.token.type": kind})

    def _trace(self, record: Record, shift: float) -> None:
        from opentelemetry import trace
        from opentelemetry.trace import NonRecordingSpan, SpanContext, SpanKind, Status, StatusCode, TraceFlags

        parent = trace.set_span_in_context(trace.INVALID_SPAN)
        if record.trace:
            _, trace_id, span_id, flags = record.trace.split("-")
            self._ids.trace = int(trace_id, 16)
            if int(span_id, 16):
                remote = SpanContext(int(trace_id, 16), int(span_id, 16), True, TraceFlags(int(flags, 16)))
                parent = trace.set_span_in_context(NonRecordingSpan(remote))
        error = _error(record)
        failed = Status(StatusCode.ERROR, error)
        root = self._tracer.start_span(
            f"{record.method} {record.path}",
            parent,
            SpanKind.SERVER,
            _request_attributes(record),
            start_time=_nanoseconds(record.at),
        )
        inside = trace.set_span_in_context(root)
        for each in record.tries:
            answered = each is record.tries[-1]
            self._ids.span = int(each.span, 16) if each.span else 0
            began = each.began + shift
            attributes = _about(record, each) | _attempt_attributes(record, each)
            if answered:
                attributes |= _answer_attributes(record)
            span = self._tracer.start_span(
                f"{attributes['gen_ai.operation.name']} {each.model}",
                inside,
                SpanKind.CLIENT,
                attributes,
                start_time=_nanoseconds(began),
            )
            if each.outcome != "answered":
                span.set_status(Status(StatusCode.ERROR, each.outcome))
            span.end(_nanoseconds(began + each.seconds))
        self._ids.trace = self._ids.span = 0
        if error:
            root.set_status(failed)
        root.end(_nanoseconds(record.at + record.seconds))


def _nanoseconds(seconds: float) -> int:
    return int(seconds * 1e9)


def _operation(path: str) -> str:
    return next((word for end, word in OPERATIONS if path.endswith(end)), "chat")


def _error(record: Record) -> str:
    """The word for what went wrong, "" for nothing; a client that left is no error of ours."""
    if record.status >= 400 and record.status != CLIENT_LEFT:
        return record.error or str(record.status)
    return record.ended if record.ended in ("cut", "failed") else ""


def _about(record: Record, attempt: Any) -> dict[str, Any]:
    return {
        "gen_ai.operation.name": _operation(record.path),
        "gen_ai.provider.name": attempt.provider or attempt.upstream,
        "gen_ai.request.model": attempt.model,
    }


def _request_attributes(record: Record) -> dict[str, Any]:
    found = {
        "http.request.method": record.method,
        "url.path": record.path,
        "http.response.status_code": record.status,
        "client.address": record.client,
        "dragoman.request.id": record.id,
        "dragoman.key": record.key,
        "dragoman.model.asked": record.asked,
        "dragoman.mode": record.mode,
        "dragoman.ended": record.ended,
        "dragoman.losses": record.losses,
        "error.type": _error(record),
    }
    if record.cost_usd is not None:
        found["dragoman.cost_usd"] = record.cost_usd
    return {name: value for name, value in found.items() if value != ""}


def _attempt_attributes(record: Record, attempt: Any) -> dict[str, Any]:
    found = {
        "dragoman.upstream": attempt.upstream,
        "dragoman.outcome": attempt.outcome,
        "gen_ai.request.stream": record.stream,
    }
    if attempt.status:
        found["http.response.status_code"] = attempt.status
    if attempt.outcome != "answered":
        found["error.type"] = attempt.outcome.rpartition(": ")[2]
    return found


def _answer_attributes(record: Record) -> dict[str, Any]:
    found: dict[str, Any] = {
        "dragoman.account": record.account,
        "gen_ai.response.finish_reasons": [record.finish] if record.finish else None,
        "gen_ai.response.time_to_first_chunk": record.first_content_s,
    }
    if record.source == "provider":
        found |= {
            "gen_ai.usage.input_tokens": record.input_tokens,
            "gen_ai.usage.output_tokens": record.output_tokens,
            "gen_ai.usage.cache_read.input_tokens": record.cached_tokens or None,
            "gen_ai.usage.cache_creation.input_tokens": record.cache_write_tokens or None,
            "gen_ai.usage.reasoning.output_tokens": record.reasoning_tokens or None,
        }
    return {name: value for name, value in found.items() if value not in (None, "")}
