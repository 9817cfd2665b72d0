"""The real server and a collector that takes OTLP over HTTP, on loopback."""

from __future__ import annotations

import gzip
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from gateway.monitoring.telemetry import wanted
from tests.gateways import Client, Provider, config_for
from tests.running import RunningGateway
from tests.scripted.script import failing, text
from tests.scripted.upstream import ScriptedUpstream

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


class Collector(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.spans: list[Any] = []
        self.resources: list[dict[str, Any]] = []
        self.points: dict[str, list[Any]] = {}
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    def take(self, path: str, raw: bytes) -> None:
        if path == "/v1/traces":
            for resource in ExportTraceServiceRequest.FromString(raw).resource_spans:
                self.resources.append(values(resource.resource.attributes))
                self.spans += [span for scope in resource.scope_spans for span in scope.spans]
        else:
            for batch in ExportMetricsServiceRequest.FromString(raw).resource_metrics:
                for metric in (each for scope in batch.scope_metrics for each in scope.metrics):
                    self.points[metric.name] = list(metric.histogram.data_points)


class _Handler(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.take(self.path, gzip.decompress(raw) if self.headers.get("Content-Encoding") == "gzip" else raw)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


def values(attributes: Any) -> dict[str, Any]:
    found = {}
    for each in attributes:
        kind = each.value.WhichOneof("value")
        value = getattr(each.value, kind)
        found[each.key] = [item.string_value for item in value.values] if kind == "array_value" else value
    return found


@pytest.fixture(scope="module")
def house() -> Iterator[tuple[Collector, ScriptedUpstream, list[float]]]:
    collector = Collector()
    environment = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{collector.server_port}",
        "OTEL_BSP_SCHEDULE_DELAY": "100",
        "OTEL_METRIC_EXPORT_INTERVAL": "200",
        "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=test",
    }
    with ScriptedUpstream() as up:
        up.play(failing(500), text("hello there", first_content_delay=0.05))
        config = config_for(Provider(up, "anthropic", models=("claude-*",), keys=("canary-1", "canary-2")))
        with RunningGateway(config, env=environment) as gateway:
            began = time.time()
            headers = {"traceparent": f"00-{TRACE}-{PARENT}-01", "tracestate": "a=b", "X-Request-Id": "traced"}
            client = Client(gateway.port)
            assert client.ask("chat", model="claude-sonnet-4-5", stream=True, headers=headers).status == 200
            ended = time.time()
            assert client.ask("messages", model="claude-sonnet-4-5").status == 200
            assert up.wait_for(lambda: len(collector.spans) >= 5 and len(collector.points) >= 4, 10)
            yield collector, up, [began, ended]
    collector.shutdown()
    collector.server_close()


def test_attempts_are_children_of_the_request_and_that_of_the_clients_span(
    house: tuple[Collector, ScriptedUpstream, list[float]],
) -> None:
    collector, up, (began, ended) = house
    mine = [span for span in collector.spans if span.trace_id.hex() == TRACE]
    (root,) = [span for span in mine if span.parent_span_id.hex() == PARENT]
    first, second = sorted((span for span in mine if span is not root), key=lambda span: span.start_time_unix_nano)
    assert {first.parent_span_id, second.parent_span_id} == {root.span_id} and len(mine) == 3
    assert (root.name, second.name) == ("POST /v1/chat/completions", "chat claude-sonnet-4-5")
    assert began - 0.1 < root.start_time_unix_nano / 1e9 < root.end_time_unix_nano / 1e9 < ended + 0.1
    assert root.start_time_unix_nano <= first.start_time_unix_nano + 5e7
    assert second.end_time_unix_nano - second.start_time_unix_nano >= 4e7 and first.status.code == 2
    told = [request.headers["traceparent"] for request in up.asked()[:2]]
    assert told == [f"00-{TRACE}-{span.span_id.hex()}-01" for span in (first, second)]
    assert up.asked()[0].headers["tracestate"] == "a=b"


def test_names_are_those_of_the_conventions(house: tuple[Collector, ScriptedUpstream, list[float]]) -> None:
    collector, _, _ = house
    answered = [span for span in collector.spans if span.trace_id.hex() == TRACE and span.name.startswith("chat ")]
    found = values(max(answered, key=lambda span: span.start_time_unix_nano).attributes)
    assert found["gen_ai.operation.name"] == "chat" and found["gen_ai.provider.name"] == "anthropic"
    assert found["gen_ai.request.model"] == "claude-sonnet-4-5" and found["gen_ai.request.stream"] is True
    assert found["gen_ai.response.finish_reasons"] == ["stop"]
    assert (found["gen_ai.usage.input_tokens"], found["gen_ai.usage.output_tokens"]) == (11, 7)
    root = values(next(span for span in collector.spans if span.parent_span_id.hex() == PARENT).attributes)
    assert root["http.response.status_code"] == 200 and root["dragoman.request.id"] == "traced"
    assert collector.resources[0]["service.name"] == "dragoman"
    assert collector.resources[0]["deployment.environment.name"] == "test"


def test_metrics(house: tuple[Collector, ScriptedUpstream, list[float]]) -> None:
    collector, _, _ = house
    assert sum(point.count for point in collector.points["gen_ai.client.operation.duration"]) == 2
    tokens = {values(p.attributes)["gen_ai.token.type"]: p.sum for p in collector.points["gen_ai.client.token.usage"]}
    assert tokens == {"input": 22, "output": 14}
    (overhead,) = collector.points["dragoman.overhead"]
    (seconds,) = collector.points["gen_ai.client.operation.duration"]
    assert 0 < overhead.sum < seconds.sum - 0.05, "what the provider took is not the gateway's"


@pytest.mark.parametrize(
    ("environ", "on"),
    [
        ({}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://c:4318/v1/traces"}, True),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318", "OTEL_SDK_DISABLED": "TRUE"}, False),
    ],
)
def test_when_it_is_on(environ: dict[str, str], on: bool) -> None:
    assert wanted(environ) is on
