from typing import Any

import pytest

from schemas.config_aliases import apply_aliases


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"auth": {"api_key": "a"}}, {"auth": {"api_keys": ["a"]}}),
        ({"auth": {"api_key": "a", "api_keys": ["b"]}}, {"auth": {"api_keys": ["b", "a"]}}),
        ({"auth": {"api_key": ""}}, {"auth": {}}),
        (
            {"server": {"request_timeout_secs": 300, "read_timeout_secs": 30, "write_timeout_secs": 300}},
            {"server": {"request_timeout_s": 300, "body_timeout_s": 30}},
        ),
        (
            {"server": {"request_timeout_secs": 300, "write_timeout_secs": 60}},
            {"server": {"request_timeout_s": 60}},
        ),
        ({"server": {"write_timeout_secs": 60}}, {"server": {"request_timeout_s": 60}}),
        (
            {
                "upstreams": [
                    {"kind": "cli", "request_timeout_secs": 9},
                    {"kind": "openai", "request_timeout_secs": 8},
                ]
            },
            {"upstreams": [{"kind": "cli", "timeout_s": 9}, {"kind": "openai", "request_timeout_s": 8}]},
        ),
        ({"upstreams": [{"base_url": "http://h"}]}, {"upstreams": [{"base_urls": ["http://h"]}]}),
        ({"upstreams": [3], "server": 1, "auth": []}, {"upstreams": [3], "server": 1, "auth": []}),
    ],
)
def test_aliases(document: dict[str, Any], expected: dict[str, Any]) -> None:
    before = repr(document)
    result, problems, _ = apply_aliases(document)
    assert (result, problems) == (expected, []) and repr(document) == before


@pytest.mark.parametrize(
    ("document", "path"),
    [
        ({"server": {"request_timeout_secs": 1, "request_timeout_s": 1}}, "server.request_timeout_secs"),
        ({"server": {"read_timeout_secs": 1, "body_timeout_s": 1}}, "server.read_timeout_secs"),
        (
            {"upstreams": [{"kind": "cli", "timeout_s": 1, "request_timeout_secs": 1}]},
            "upstreams[0].request_timeout_secs",
        ),
        ({"upstreams": [{"base_url": "a", "base_urls": ["b"]}]}, "upstreams[0].base_url"),
        ({"auth": {"api_key": 3}}, "auth.api_key"),
    ],
)
def test_written_twice_or_wrong(document: dict[str, Any], path: str) -> None:
    _, problems, _ = apply_aliases(document)
    assert [problem.path for problem in problems] == [path] and problems[0].remedy


def test_paths_as_written() -> None:
    document = {"auth": {"api_keys": ["x"], "api_key": "a"}, "server": {"write_timeout_secs": 0}}
    assert apply_aliases(document)[2] == {
        "auth.api_keys[1]": "auth.api_key",
        "server.request_timeout_s": "server.write_timeout_secs",
    }
