"""What can go wrong between us and an upstream. Nothing of requests, urllib3 or ssl crosses it.

    TransportFault
    ├── ConnectFault       no connection: DNS, refused, unreachable, TLS or proxy failure
    │   └── ForbiddenAddress   the host has an address this transport must not connect to
    ├── ConnectTimeout     no connection within the connect timeout
    ├── HeadTimeout        connected, but no response head in time
    ├── Silence            no body bytes for the time given to read(); the exchange stays usable
    ├── Cut                the peer ended or reset the connection early (before_head: no whole head came)
    ├── ProtocolFault      the peer does not speak HTTP/1.1 (RFC 9112), or the request cannot be written so
    ├── TooLarge           the decoded body passed the caller's limit
    └── Aborted            our own side called abort()

Messages name host and port at most: never a path, a query, a header value or proxy credentials.
"""

from __future__ import annotations


class TransportFault(Exception):
    """Any failure of an HTTP exchange with an upstream."""


class ConnectFault(TransportFault):
    """No connection could be made: DNS, refused, unreachable, TLS or proxy failure."""


class ForbiddenAddress(ConnectFault):
    """The host resolves to an address that this transport may not connect to; nothing was sent there."""


class ConnectTimeout(TransportFault):
    """No connection within the connect timeout."""


class HeadTimeout(TransportFault):
    """The request could not be handed over, or its response head did not come, in time."""


class Silence(TransportFault):
    """No body bytes for the time given; nothing is lost, read() may be called again."""


class Cut(TransportFault):
    """The connection ended, was reset, or its framing broke before the proper end of the answer."""

    def __init__(self, message: str, *, before_head: bool = False) -> None:
        super().__init__(message)
        self.before_head = before_head


class ProtocolFault(TransportFault):
    """The answer is not HTTP/1.1 (RFC 9112), or the request cannot be written as HTTP/1.1."""


class TooLarge(TransportFault):
    """The decoded body is larger than the limit the caller gave, in bytes."""


class Aborted(TransportFault):
    """abort() was called on this exchange."""
