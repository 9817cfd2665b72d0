"""The header forms in which clients present their key, on every protocol's route."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from tests.contract.house import MODELS, House
from tests.contract.sdks.sdk import KEY, TIMEOUT_S
from tests.scripted.told import path, request

FORMS: dict[str, dict[str, str]] = {
    "bearer": {"Authorization": f"Bearer {KEY}"},
    "bearer in lower case": {"authorization": f"bearer {KEY}"},
    "bare": {"Authorization": KEY},
    "x-api-key": {"x-api-key": KEY},
    "x-goog-api-key": {"x-goog-api-key": KEY},
    "one of two": {"x-api-key": "sk-other", "Authorization": f"Bearer {KEY}"},
}
WRONG: dict[str, dict[str, str]] = {
    "none": {},
    "bearer of nothing": {"Authorization": "Bearer"},
    "empty": {"x-api-key": ""},
    "a part of it": {"x-api-key": KEY[:-1]},
    "more than it": {"x-api-key": KEY + "1"},
    "not ascii": {"x-api-key": "sk-\u00e9"},
}
protocols = pytest.mark.parametrize("protocol", ["chat", "responses", "messages", "gemini"])


def post(house: House, protocol: str, headers: dict[str, str], query: str = "") -> httpx2.Response:
    body: Any = request(protocol, MODELS["chat"])
    url = house.gateway.url + path(protocol, MODELS["chat"]) + query
    encoded = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    return httpx2.post(url, json=body, headers=encoded, timeout=TIMEOUT_S)


@protocols
@pytest.mark.parametrize("form", FORMS)
def test_a_key_in_any_form(house: House, protocol: str, form: str) -> None:
    assert post(house, protocol, FORMS[form]).status_code == 200


@protocols
@pytest.mark.parametrize("form", WRONG)
def test_no_key_or_a_wrong_one(house: House, protocol: str, form: str) -> None:
    answered = post(house, protocol, WRONG[form])
    assert answered.status_code == 401
    assert answered.headers["content-type"] == "application/json"
    assert answered.json()["error"]["message"]
    assert house.up.asked() == []


def test_a_key_in_the_url_on_gemini_routes_only(house: House) -> None:
    assert post(house, "gemini", {}, f"?key={KEY}").status_code == 200
    assert post(house, "chat", {}, f"?key={KEY}").status_code == 401
    assert KEY not in house.gateway.log()
