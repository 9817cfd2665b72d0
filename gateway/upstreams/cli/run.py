"""One run of a tool as the body of an HTTP answer: lines of JSON in, a chat stream out."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import time
from collections.abc import Callable, Mapping
from types import MappingProxyType

from gateway.upstreams.cli import chat_stream
from gateway.upstreams.cli.process import Process
from gateway.upstreams.cli.tool import Reader, Told
from gateway.upstreams.transport.faults import Aborted, Silence

LONGEST_LINE = 10 * 1024 * 1024
EXIT_WAIT_S = 2.0
"""How long a tool that has told everything may take to end by itself, and one that closed its output to exit."""
MESSAGE_LIMIT = 500
_SECRET = re.compile(r"\b(sk-|AIza|ya29\.|Bearer\s+)[\w.~+/*-]{8,}")
_CODES = {429: "rate_limit_exceeded", 504: "upstream_timeout"}


class Run:
    """The Source of an Exchange. `start` gives it its process; before that it can only be aborted."""

    def __init__(
        self,
        name: str,
        reader: Reader,
        *,
        timeout_s: float,
        output_limit: int,
        exits: Mapping[int, int] = MappingProxyType({}),
    ) -> None:
        """`exits`: see Tool."""
        self._name = name
        self._exits = exits
        self._reader = reader
        self._timeout_s = timeout_s
        self._output_limit = output_limit
        self._process: Process | None = None
        self._deadline = 0.0
        self._held = bytearray()
        self._looked = 0
        self._size = 0
        self._over = False
        self.aborted = False
        self.session = ""

    def start(self, spawn: Callable[[], Process]) -> None:
        """Raises OSError, Aborted."""
        if self.aborted:
            raise Aborted("the call was aborted")
        self._process = spawn()
        self._deadline = time.monotonic() + self._timeout_s

    def read(self, timeout: float | None) -> bytes:
        """See Exchange.read."""
        assert self._process is not None
        out = self._process.out
        until = time.monotonic() + (self._timeout_s if timeout is None else timeout)
        while not self._over:
            if self.aborted:
                raise Aborted("the call was aborted")
            now = time.monotonic()
            if now >= self._deadline:
                return self._fail(f"did not finish within {self._timeout_s:g} s (timeout_s)", 504)
            if now >= until:
                raise Silence("the tool said nothing")
            out.settimeout(max(min(until, self._deadline) - now, 0.001))
            try:
                data = out.recv(65536)
            except TimeoutError:
                continue
            except OSError:
                data = b""
            if self.aborted:
                raise Aborted("the call was aborted")
            said = self._feed(data) if data else self._at_end()
            if said:
                return said
        return b""

    def close(self) -> None:
        """Ends the process: at once, or, when its answer is complete, if it does not end by itself."""
        process = self._process
        if process is None:
            self.aborted = True
            return
        process.end(EXIT_WAIT_S if self._over and not self.aborted else 0.0)
        process.out.close()

    def abort(self) -> None:
        """Only wakes the reader (this may be called from the hub): the owner's close() ends the process."""
        self.aborted = True
        if self._process is not None:
            with contextlib.suppress(OSError):
                self._process.out.shutdown(socket.SHUT_RDWR)

    def _feed(self, data: bytes) -> bytes:
        self._size += len(data)
        if self._size > self._output_limit:
            return self._fail("said more than max_output_mb allows", 502)
        self._held += data
        said = b""
        while not self._over and (end := self._held.find(b"\n", self._looked)) >= 0:
            line = bytes(self._held[:end])
            del self._held[: end + 1]
            self._looked = 0
            said += self._line(line)
        self._looked = len(self._held)
        if len(self._held) > LONGEST_LINE:
            return said + self._fail("wrote a line longer than 10 MiB", 502)
        return said

    def _line(self, line: bytes) -> bytes:
        """What is no JSON object is the tool's own noise."""
        if not line.lstrip().startswith(b"{"):
            return b""
        try:
            document = json.loads(line)
        except (ValueError, RecursionError):
            return b""
        said = b""
        for told in self._reader.read(document):
            said += self._told(told)
            if self._over:
                break
        return said

    def _told(self, told: Told) -> bytes:
        self.session = told.session or self.session
        if told.failure:
            return self._fail(told.failure, told.status, by_tool=True)
        self._over = told.done
        return chat_stream.event(told)

    def _at_end(self) -> bytes:
        """The output ended. A tool that told its result has succeeded, whatever it does afterwards."""
        said = self._line(bytes(self._held))
        self._held.clear()
        if self._over:
            return said
        assert self._process is not None
        self._process.wait(EXIT_WAIT_S)
        code = self._process.code
        if code is not None and code < 0:
            return said + self._fail(f"was ended by signal {-code}", 502)
        if code:
            why = _last_line(self._process.errors())
            status = self._exits.get(code, 502)
            return said + self._fail(f"ended with exit code {code}" + (f": {why}" if why else ""), status)
        return said + self._fail("ended without telling its result", 502)

    def _fail(self, why: str, status: int, *, by_tool: bool = False) -> bytes:
        self._over = True
        if self._process is not None:
            self._process.end()
        why = _SECRET.sub(r"\1***", " ".join(why.split()))[:MESSAGE_LIMIT]
        if status in (401, 403):
            return chat_stream.failed(
                f"the tool {self._name} has no login its provider accepts ({why}). "
                "This is not about your key: the operator has to log the tool in.",
                503,
                "upstream_auth",
            )
        if not 400 <= status <= 599:
            status = 502
        message = f"the tool {self._name} failed: {why}" if by_tool else f"the tool {self._name} {why}"
        code = _CODES.get(status) or ("invalid_request_error" if status < 500 else "upstream_error")
        return chat_stream.failed(message, status, code)


def _last_line(text: str) -> str:
    """Of stderr: the tools' last word is mostly the reason."""
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "")
