"""`dragoman health`: for healthchecks, without curl and without a key on the command line."""

from __future__ import annotations

import http.client
import json
import socket
from urllib.parse import urlsplit

from gateway.config.generated_key import FILE_NAME
from gateway.config.model import Config

TIMEOUT_S = 5.0


def asked(config: Config, url: str | None) -> tuple[bool, str]:
    """(alive, a sentence). The key is taken from the configuration or the data folder (strict mode asks for one).

    Where all keys are known by their hashes only, there is none to send: being asked for one is a sign of life too.
    """
    try:
        connection, path, where = _connection(config, url)
        headers = _headers(config)
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        body = response.read(65536)
    except (OSError, ValueError, http.client.HTTPException) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else error
        return False, f"no gateway answers at {url or config.server.address}: {why}"
    if response.status == 401 and not headers and response.getheader("X-Request-Id"):
        return True, f"{where} is alive and asks for a key"
    if response.status != 200:
        return False, f"{where} answered {response.status}"
    try:
        return True, f"{where} is {json.loads(body)['status']}"
    except (ValueError, KeyError, TypeError):
        return False, f"{where} answered something that is not this gateway's health"


def _connection(config: Config, url: str | None) -> tuple[http.client.HTTPConnection, str, str]:
    if url:
        parts = urlsplit(url if "//" in url else f"http://{url}")
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        return kind(parts.hostname or "127.0.0.1", parts.port, timeout=TIMEOUT_S), "/healthz", url
    address = config.server.address
    if address.startswith("unix:"):
        connection = http.client.HTTPConnection("localhost", timeout=TIMEOUT_S)
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.settimeout(TIMEOUT_S)
        connection.sock.connect(address.removeprefix("unix:"))
        return connection, "/healthz", address
    host, _, port = address.rpartition(":")
    if host in ("", "0.0.0.0", "[::]"):
        host = "[::1]" if host == "[::]" else "127.0.0.1"
    return http.client.HTTPConnection(host.strip("[]"), int(port), timeout=TIMEOUT_S), "/healthz", f"{host}:{port}"


def _headers(config: Config) -> dict[str, str]:
    key = next(iter(config.auth.api_keys), "")
    if not key:
        try:
            key = (config.data_dir / FILE_NAME).read_text(encoding="ascii").strip()
        except OSError:
            return {}
    return {"Authorization": f"Bearer {key}"}
