"""Looks after a worker's gateway every few seconds and tells the operator's webhook, where [notify] url names one."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gateway.monitoring.notices import Notice, Notices
    from gateway.web.gateway import Gateway

log = logging.getLogger("dragoman")

LOOK_EVERY_S = 2.0


def keep_watch(gateway: Callable[[], Gateway]) -> None:
    """Starts a thread (a greenlet under gevent). `gateway` is asked each time: a reload replaces it."""
    threading.Thread(target=_watch, args=(gateway,), name="watchman", daemon=True).start()


def sender(url: str) -> Callable[[Notice], None]:
    """Sends one notice to `url`; raises NotTaken."""
    from gateway.upstreams.transport.session import Transport
    from gateway.upstreams.webhook import post_webhook, webhook_document

    transport = Transport(max_idle=0)

    def send(notice: Notice) -> None:
        document = webhook_document(url, notice.kind, notice.event, notice.subject, notice.title, notice.message)
        post_webhook(transport, url, document)

    return send


def _watch(gateway: Callable[[], Gateway]) -> None:
    watched, notices = "", None
    conditions = None
    while True:
        time.sleep(LOOK_EVERY_S)
        current = gateway()
        url = current.config.notify.url
        if not url or current.draining:
            watched, notices = "", None
            continue
        try:
            if conditions is None:
                from gateway.web.conditions import Conditions

                conditions = Conditions()
            if notices is None or url != watched:
                watched, notices = url, _notices(current, url)
            notices.look(conditions.of(current))
        except Exception:
            log.exception("notify: looking after the gateway failed")


def _notices(gateway: Gateway, url: str) -> Notices:
    from gateway.monitoring.notices import Notices

    return Notices(gateway.state, sender(url))
