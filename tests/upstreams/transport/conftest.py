from __future__ import annotations

import ssl
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.upstreams.transport.exchange import Exchange
from gateway.upstreams.transport.session import Transport
from tests.upstreams.transport.scripted import Script, Scripted


@pytest.fixture
def serve() -> Iterator[Callable[..., Scripted]]:
    """serve(script, ..., context=None): a scripted server, stopped after the test."""
    servers: list[Scripted] = []

    def start(*scripts: Script, **options: Any) -> Scripted:
        servers.append(Scripted(scripts, **options))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


@pytest.fixture
def transport() -> Iterator[Transport]:
    made = Transport()
    yield made
    made.close()


@pytest.fixture(params=[True, False], ids=["lean", "plain"])
def either(request: pytest.FixtureRequest) -> Iterator[Transport]:
    """The lean and the plain adapter in turn."""
    made = Transport(lean=request.param)
    yield made
    made.close()


@pytest.fixture
def ask() -> Callable[..., Exchange]:
    """ask(transport, url, method="POST", body=b"{}", ...) with timeouts of five seconds."""

    def send(
        transport: Transport,
        url: str,
        method: str = "POST",
        headers: dict[str, str] | None = None,
        body: bytes | None = b"{}",
        **options: Any,
    ) -> Exchange:
        times: dict[str, Any] = {"connect_timeout": 5.0, "header_timeout": 5.0, **options}
        return transport.send(method, url, headers or {}, body, **times)

    return send


@pytest.fixture(scope="session")
def tls(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ssl.SSLContext]:
    """A CA file and a server context with a certificate of that CA for ``localhost`` only."""
    place: Path = tmp_path_factory.mktemp("tls")

    def openssl(*words: str) -> None:
        subprocess.run(["openssl", *words], cwd=place, check=True, capture_output=True, timeout=30)

    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    usage = ["-addext", "keyUsage=critical,keyCertSign,cRLSign"]
    openssl(
        "req",
        "-x509",
        *key,
        "-keyout",
        "ca.key",
        "-out",
        "ca.pem",
        "-subj",
        "/CN=Test CA",
        "-days",
        "30",
        *usage,
    )
    openssl("req", *key, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=localhost")
    place.joinpath("ext").write_text("subjectAltName=DNS:localhost\nbasicConstraints=CA:FALSE\n")
    signing = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "30", "-extfile", "ext"]
    openssl("x509", "-req", "-in", "server.csr", "-out", "server.pem", *signing)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(place / "server.pem", place / "server.key")
    return str(place / "ca.pem"), context
