from __future__ import annotations

from collections.abc import Iterator

import pytest
import responses as mocked
from requests import ConnectionError as Refused

from tests.web.answers import kind
from tests.web.served import BASES, Served, served, upstream

ANTHROPIC, GOOGLE = {"anthropic-version": "2023-06-01"}, {"x-goog-api-key": "k"}


@pytest.fixture
def provider() -> Iterator[mocked.RequestsMock]:
    with mocked.RequestsMock(assert_all_requests_are_fired=False) as playing:
        playing.get(BASES["openai"] + "/models", json={"object": "list", "data": [{"id": "gpt-live", "created": 5}]})
        playing.get(
            BASES["gemini"] + "/v1beta/models", json={"models": [{"name": "models/gemini-live", "inputTokenLimit": 9}]}
        )
        playing.get(BASES["anthropic"] + "/v1/models", body=Refused("down"))
        yield playing


def house() -> Served:
    return served(
        upstream("openai", models=()),
        upstream("gemini", models=("gemini-*",)),
        upstream("anthropic", models=("claude-*", "claude-x")),
        models={"map": {"alias": ("gpt-live",), "wild*": ("gpt-live",)}},
    )


MEANT = ["alias", "claude-x", "gemini-live", "gpt-live"]


@pytest.mark.parametrize(
    ("path", "headers", "shape"),
    [
        ("/v1/models", {}, "openai"),
        ("/v1/models?limit=1000", ANTHROPIC, "anthropic"),
        ("/v1/models", GOOGLE, "gemini"),
        ("/openai/v1/models", ANTHROPIC, "openai"),
        ("/anthropic/v1/models", {}, "anthropic"),
        ("/v1beta/models", {}, "gemini"),
        ("/v1alpha/models", {}, "gemini"),
        ("/gemini/v1beta/models", ANTHROPIC, "gemini"),
    ],
)
def test_the_list_takes_the_askers_shape(
    provider: mocked.RequestsMock, path: str, headers: dict[str, str], shape: str
) -> None:
    reply = house().client.get(path, headers=headers)
    document = reply.get_json()
    assert reply.status_code == 200 and reply.content_type == "application/json"
    if shape == "gemini":
        assert [each["name"] for each in document["models"]] == [f"models/{name}" for name in MEANT]
        return
    assert [each["id"] for each in document["data"]] == MEANT
    if shape == "openai":
        assert document["object"] == "list" and {each["object"] for each in document["data"]} == {"model"}
    else:
        assert document["has_more"] is False and document["first_id"] == "alias" and document["last_id"] == "gpt-live"
        assert all(each["type"] == "model" and each["display_name"] for each in document["data"])


@pytest.mark.parametrize(
    ("path", "headers", "field", "name"),
    [
        ("/v1/models/gpt-live", {}, "id", "gpt-live"),
        ("/v1/models/alias", ANTHROPIC, "id", "alias"),
        ("/v1/models/gemini-live", GOOGLE, "name", "models/gemini-live"),
        ("/v1beta/models/gemini-live", {}, "name", "models/gemini-live"),
        ("/anthropic/v1/models/claude-x", {}, "id", "claude-x"),
        ("/openai/v1/models/gpt-live", {}, "id", "gpt-live"),
        ("/v1/models/claude-served-but-not-listed", {}, "id", "claude-served-but-not-listed"),
        ("/v1/models/openai/pinned", {}, "id", "openai/pinned"),
        ("/v1/models/wild-one", {}, "id", "wild-one"),
    ],
)
def test_one_model(provider: mocked.RequestsMock, path: str, headers: dict[str, str], field: str, name: str) -> None:
    reply = house().client.get(path, headers=headers)
    assert reply.status_code == 200 and reply.get_json()[field] == name


@pytest.mark.parametrize(
    ("path", "headers", "shape"),
    [
        ("/v1/models/nobody", {}, "openai"),
        ("/v1/models/nobody", ANTHROPIC, "messages"),
        ("/v1beta/models/nobody", {}, "gemini"),
    ],
)
def test_a_model_nobody_serves(provider: mocked.RequestsMock, path: str, headers: dict[str, str], shape: str) -> None:
    reply = house().client.get(path, headers=headers)
    assert reply.status_code == 404 and kind(reply.get_json()) == shape
    assert "'nobody'" in reply.get_json()["error"]["message"]


@pytest.mark.parametrize(
    "trouble", [{"status": 500}, {"status": 401}, {"body": b"<html>"}, {"json": 7}, {"body": Refused("down")}]
)
def test_a_list_is_never_an_error_because_of_an_upstream(trouble: dict[str, object]) -> None:
    with mocked.RequestsMock() as playing:
        playing.get(BASES["openai"] + "/models", **trouble)  # type: ignore[arg-type]
        reply = served(upstream("openai", models=("*", "named"))).client.get("/v1/models")
    assert reply.status_code == 200 and [each["id"] for each in reply.get_json()["data"]] == ["named"]


def test_all_pages_are_read() -> None:
    with mocked.RequestsMock() as playing:
        pages = [
            mocked.matchers.query_param_matcher({"pageSize": "1000"}),
            mocked.matchers.query_param_matcher({"pageSize": "1000", "pageToken": "p2"}),
        ]
        playing.get(
            BASES["gemini"] + "/v1beta/models",
            json={"models": [{"name": "models/g1"}], "nextPageToken": "p2"},
            match=[pages[0]],
        )
        playing.get(BASES["gemini"] + "/v1beta/models", json={"models": [{"name": "models/g2"}]}, match=[pages[1]])
        reply = served(upstream("gemini", models=())).client.get("/v1/models")
    assert [each["id"] for each in reply.get_json()["data"]] == ["g1", "g2"]
