from __future__ import annotations

from typing import Any

import pytest
from flask import Blueprint, Flask, Response, g, request
from werkzeug.exceptions import Conflict

from gateway.web.dispatch import Answer, Dispatcher


def routes() -> Blueprint:
    house = Blueprint("house", __name__, url_prefix="/v1")

    @house.post("/say")
    def say() -> Response:
        assert request.endpoint == "house.say" and request.blueprint == "house" and request.view_args == {}
        assert "kept" not in g
        g.kept = True
        return Answer(request.get_data(), "text/plain", [("X-One", "1"), ("X-One", "2")])

    @house.post("/words")
    def words() -> Any:
        return "words", 201

    @house.post("/conflict")
    def conflict() -> Response:
        raise Conflict("no")

    @house.post("/broken")
    def broken() -> Response:
        raise LookupError("broken")

    @house.post("/with/<name>")
    def named(name: str) -> str:
        return name

    return house


@pytest.fixture(params=[Dispatcher, lambda name: Flask(name, static_folder=None)], ids=["short", "Flask"])
def app(request: pytest.FixtureRequest) -> Flask:
    """The same expectations hold for Flask's own dispatch."""
    app: Flask = request.param("test")
    app.register_blueprint(routes())
    app.register_error_handler(Conflict, lambda error: (f"handled {error.code}", 409))
    return app


def test_an_answer(app: Flask) -> None:
    client = app.test_client()
    for _ in range(2):
        answer = client.post("/v1/say", data=b"hello")
        assert (answer.status, answer.data, answer.content_type) == ("200 OK", b"hello", "text/plain")
        assert answer.headers.getlist("X-One") == ["1", "2"] and answer.headers["Content-Length"] == "5"


def test_what_else_a_view_may_do(app: Flask) -> None:
    client = app.test_client()
    assert (client.post("/v1/words").status_code, client.post("/v1/words").text) == (201, "words")
    assert (client.post("/v1/conflict").status_code, client.post("/v1/conflict").text) == (409, "handled 409")
    assert client.post("/v1/broken").status_code == 500
    assert client.post("/v1/with/me").text == "me"


def test_other_methods_and_paths(app: Flask) -> None:
    client = app.test_client()
    refused = client.get("/v1/say")
    assert refused.status_code == 405 and "POST" in refused.headers["Allow"]
    assert client.post("/v1/say/").status_code == 404 and client.post("/say").status_code == 404
    assert client.options("/v1/say").status_code == 200


def test_an_error_in_a_view_is_raised_where_flask_raises_it(app: Flask) -> None:
    app.testing = True
    with pytest.raises(LookupError):
        app.test_client().post("/v1/broken")


def test_hooks_are_not_forgotten(app: Flask) -> None:
    @app.after_request
    def mark(response: Response) -> Response:
        response.headers["X-Marked"] = "yes"
        return response

    assert app.test_client().post("/v1/say", data=b"x").headers["X-Marked"] == "yes"


def test_nothing_of_a_context_is_left_behind(app: Flask) -> None:
    app.test_client().post("/v1/say", data=b"x")
    app.test_client().post("/v1/broken")
    assert not request and not g


def test_a_streamed_answer_leaves_as_it_is_and_is_closed() -> None:
    class Items:
        closed = False

        def __iter__(self) -> Any:
            return iter([b"a", b"b"])

        def close(self) -> None:
            self.closed = True

    items, told = Items(), []
    answer = Answer(items, "text/event-stream", [("Cache-Control", "no-cache")])
    assert answer({}, lambda status, headers: told.append((status, headers))) is items
    assert told == [("200 OK", [("Content-Type", "text/event-stream"), ("Cache-Control", "no-cache")])]
    assert not items.closed
