"""Flask with a short way to the routes that make models speak.

A path without variables needs no matching, and the house has no sessions, signals or before/after hooks: on these
routes Flask keeps the context and the error handlers. Every other request goes Flask's own way. With a hook
registered, all of them do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from flask import Flask, Response
from flask.ctx import AppContext, RequestContext
from flask.globals import _cv_app, _cv_request
from flask.sessions import NullSession
from werkzeug.datastructures import Headers
from werkzeug.routing import Rule

View = Callable[[], Any]

_NO_SESSION = NullSession()


class Dispatcher(Flask):
    def __init__(self, name: str) -> None:
        super().__init__(name, static_folder=None)
        self._straight: dict[str, tuple[Rule, View]] | None = None

    def wsgi_app(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] != "POST":
            return super().wsgi_app(environ, start_response)
        straight = self._straight
        if straight is None:
            straight = self._straight = self._static_posts()
        found = straight.get(environ["PATH_INFO"])
        if found is None:
            return super().wsgi_app(environ, start_response)
        rule, view = found
        context = _Context(self, environ, rule)
        context.push()
        try:
            try:
                said = view()
                response = said if isinstance(said, Response) else self.make_response(said)
            except Exception as error:
                response = self._regret(error)
            return response(environ, start_response)
        finally:
            context.pop()

    def _static_posts(self) -> dict[str, tuple[Rule, View]]:
        """Path -> (its rule, its view), from the routes as they were registered."""
        self._got_first_request = True
        hooks = (self.before_request_funcs, self.after_request_funcs, self.url_value_preprocessors)
        if any(hooks) or self.teardown_request_funcs or self.teardown_appcontext_funcs:
            return {}
        return {
            rule.rule: (rule, self.view_functions[rule.endpoint])
            for rule in self.url_map.iter_rules()
            if not rule.arguments and rule.methods and "POST" in rule.methods
        }

    def _regret(self, error: Exception) -> Response:
        try:
            return self.finalize_request(self.handle_user_exception(error))
        except Exception as unhandled:
            return self.handle_exception(unhandled)


class _Context(RequestContext):
    """A context whose route is known."""

    def __init__(self, app: Flask, environ: dict[str, Any], rule: Rule) -> None:
        self.app = app
        self.request = app.request_class(environ)
        self.request.json_module = app.json
        self.request.url_rule, self.request.view_args = rule, {}
        self.url_adapter = None
        self.flashes = None
        self._session = _NO_SESSION
        self._after_request_functions = []

    def push(self) -> None:
        self._tokens = _cv_app.set(AppContext(self.app)), _cv_request.set(self)

    def pop(self, exc: BaseException | None = None) -> None:
        of_app, of_request = self._tokens
        _cv_request.reset(of_request)
        _cv_app.reset(of_app)
        self.request.environ["werkzeug.request"] = None  # as Flask does: the circle would wait for the collector


class Answer(Response):
    """A 200 made of finished parts: `body` bytes, or an iterable with `close()` whose items leave as they are.

    The headers are taken as they are given: see headers.header_safe.
    """

    def __init__(self, body: bytes | Iterable[bytes], content_type: str, headers: Iterable[tuple[str, str]]) -> None:
        known = [("Content-Type", content_type), *headers]
        if isinstance(body, bytes):
            known.append(("Content-Length", str(len(body))))
            self.response, self.direct_passthrough = [body], False
        else:
            self.response, self.direct_passthrough = body, True
        self._status, self._status_code = "200 OK", 200
        self.headers = Headers()
        self.headers._list = known
        self._on_close = []

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        start_response("200 OK", list(self.headers))
        return self.response  # type: ignore[return-value]
