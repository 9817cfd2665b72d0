from __future__ import annotations

import socket

import pytest

from gateway.upstreams.transport.call import Call
from gateway.upstreams.transport.faults import Aborted


def test_abort_shuts_down_what_is_attached_and_leaves_closing_to_the_owner() -> None:
    near, far = socket.socketpair()
    with near, far:
        call = Call()
        call.attach(near)
        call.abort()
        call.abort()
        far.settimeout(5)
        assert far.recv(1) == b"" and near.fileno() >= 0
        with pytest.raises(Aborted):
            call.check()
        with pytest.raises(Aborted):
            call.attach(near)


def test_abort_after_detach_reaches_nothing() -> None:
    near, far = socket.socketpair()
    with near, far:
        call = Call()
        call.attach(near)
        call.detach()
        call.abort()
        near.send(b"x")
        far.settimeout(5)
        assert far.recv(1) == b"x"


def test_abort_of_a_closed_socket() -> None:
    near, far = socket.socketpair()
    call = Call()
    call.attach(near)
    near.close()
    far.close()
    call.abort()
    assert call.aborted
