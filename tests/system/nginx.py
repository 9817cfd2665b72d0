"""nginx from Debian with deploy/nginx.conf, on loopback ports, in a folder of its own, with a certificate made here."""

from __future__ import annotations

import http.client
import os
import re
import shutil
import socket
import ssl
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.running import free_port

ROOT = Path(__file__).resolve().parents[2]
HOST = "gateway.example.com"
MAIN = """\
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/main.log notice;
{user}
events {{ worker_connections 256; }}
http {{
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    # As Debian's nginx.conf has it around every site.
    gzip on;
    sendfile on;
    include {folder}/dragoman.conf;
}}
"""


class Nginx:
    """Running when the constructor returns. `port` speaks TLS, `plain_port` redirects to it."""

    def __init__(self, folder: Path, gateway_port: int) -> None:
        self.folder = folder
        self.port, self.plain_port = free_port(), free_port()
        self.access_log, self.error_log = folder / "access.log", folder / "error.log"
        self._make_certificate()
        (folder / "dragoman.conf").write_text(self._rendered(gateway_port))
        user = "user root;" if os.geteuid() == 0 else ""
        (folder / "nginx.conf").write_text(MAIN.format(folder=folder, user=user))
        command = [shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin") or "nginx", "-c"]
        self._process = subprocess.Popen(
            [*command, str(folder / "nginx.conf"), "-p", str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=(folder / "stderr.log").open("wb"),
        )
        self._wait()

    def _wait(self) -> None:
        until = time.monotonic() + 15
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                if self._process.poll() is not None or time.monotonic() > until:
                    self.stop()
                    said = (self.folder / "stderr.log").read_text(errors="replace")
                    raise RuntimeError(f"nginx does not run:\n{said}") from None
                time.sleep(0.02)

    def _rendered(self, gateway_port: int) -> str:
        text = (ROOT / "deploy" / "nginx.conf").read_text()
        live = f"/etc/letsencrypt/live/{HOST}"
        for old, new in (
            ("listen 80;", f"listen 127.0.0.1:{self.plain_port};"),
            ("listen 443 ssl http2;", f"listen 127.0.0.1:{self.port} ssl http2;"),
            ("server 127.0.0.1:8045;", f"server 127.0.0.1:{gateway_port};"),
            (f"{live}/fullchain.pem", str(self.folder / "cert.pem")),
            (f"{live}/privkey.pem", str(self.folder / "key.pem")),
            ("/var/log/nginx/dragoman.log", str(self.access_log)),
            ("/var/log/nginx/dragoman-error.log", str(self.error_log)),
        ):
            assert text.count(old) == 1, f"deploy/nginx.conf has {old!r} {text.count(old)} times"
            text = text.replace(old, new)
        return re.sub(r"^ *listen \[::\]:.*\n", "", text, flags=re.MULTILINE)

    def _make_certificate(self) -> None:
        subprocess.run(
            [
                *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
                *("-keyout", str(self.folder / "key.pem"), "-out", str(self.folder / "cert.pem")),
                *("-days", "2", "-subj", f"/CN={HOST}", "-addext", f"subjectAltName=DNS:{HOST}"),
            ],
            check=True,
            capture_output=True,
            timeout=30,
        )

    def connect(self, source: str = "127.0.0.1") -> http.client.HTTPSConnection:
        """A verified TLS connection that comes from `source`, an address of 127.0.0.0/8."""
        context = ssl.create_default_context(cafile=str(self.folder / "cert.pem"))
        bare = socket.create_connection(("127.0.0.1", self.port), 20, source_address=(source, 0))
        connection = http.client.HTTPSConnection(HOST, timeout=20)
        connection.sock = context.wrap_socket(bare, server_hostname=HOST)
        return connection

    def ask(self, method: str, path: str, body: bytes | None = None, source: str = "127.0.0.1", **headers: str) -> Any:
        """(status, headers, body) of one request; `x_api_key="k"` becomes the header x-api-key."""
        connection = self.connect(source)
        try:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, body, {"Content-Type": "application/json", **named})
            response = connection.getresponse()
            return response.status, response.headers, response.read()
        finally:
            connection.close()

    def stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(10)

    def __enter__(self) -> Nginx:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()
