from __future__ import annotations

import socket
from pathlib import Path

import pytest

from gateway.web.listeners import local
from tests.running import RunningGateway

SAMPLE = (
    '[auth]\napi_keys = ["sk-antigravity"]\n[[upstreams]]\nname = "o"\nkind = "openai"\nbase_urls = ["http://h/v1"]\n'
)


@pytest.mark.parametrize(("host", "only_here"), [("127.0.0.1", True), ("127.0.0.2", True), ("0.0.0.0", False)])
def test_addresses(host: str, only_here: bool) -> None:
    with socket.create_server((host, 0)) as listener:
        assert local(listener) is only_here


def test_unix_sockets_are_local(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "s"))
        assert local(listener)


def test_sample_keys_do_not_start_on_an_open_socket_whoever_opened_it() -> None:
    """The configuration says loopback, gunicorn's command line does not."""
    with pytest.raises(RuntimeError, match=r"ended with 1(?s:.)*auth.api_keys\[0\]: is a sample or too short"):
        RunningGateway(SAMPLE, arguments=("--bind=0.0.0.0:0",)).stop()
