import json
from typing import Any

import pytest

from gateway.config.environment import clean, read_environment


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("3", "3"),
        ("3  # 每个 token 使用多少次后切换，默认 3", "3"),
        ("3\t# x", "3"),
        ("  8000 ", "8000"),
        ("# only a comment", ""),
        ("", ""),
        ("a#b", "a#b"),
        ('"quoted # inside" # outside', "quoted # inside"),
        ("'single'", "single"),
        ('"unbalanced', '"unbalanced'),
        ('"a","b"', '"a","b"'),
    ],
)
def test_clean(value: str, expected: str) -> None:
    assert clean(value) == expected


@pytest.mark.parametrize(
    ("value", "keys"),
    [
        ('["sk-custom-key-1","sk-custom-key-2"]', ("sk-custom-key-1", "sk-custom-key-2")),
        (
            '["sk-custom-key-1", "sk-custom-key-2"]  # for OpenAI clients',
            ("sk-custom-key-1", "sk-custom-key-2"),
        ),
        ('\'["one","two"]\'', ("one", "two")),
        ('\'["one","two"]\' # quoted by hand', ("one", "two")),
        ("one,two", ("one", "two")),
        (" one , two ,, # comment", ("one", "two")),
        ('"one","two"', ("one", "two")),
        ("one,one", ("one",)),
        ("has#hash", ("has#hash",)),
        ('["has # inside"]', ()),
        ("[]", ()),
        ("", ()),
    ],
)
def test_api_keys(value: str, keys: tuple[str, ...]) -> None:
    assert read_environment({"API_KEYS": value}).api_keys == keys


@pytest.mark.parametrize("value", ["['a','b']", "[a,b]", '["a"', '["a", 3]', "two words"])
def test_bad_api_keys_are_a_problem_that_does_not_quote_them(value: str) -> None:
    found = read_environment({"API_KEYS": value})
    assert [problem.path.split("[")[0] for problem in found.problems] == ["API_KEYS"]
    assert not found.api_keys and "two words" not in str(found.problems[0])


def test_settings_and_where_they_came_from() -> None:
    found = read_environment(
        {"HOST": "0.0.0.0", "PORT": "8000", "TOKEN_ROTATION_COUNT": "5  # x", "SSE_HEARTBEAT_INTERVAL": "7.5"}
    )
    assert found.settings == {
        "server": {"host": "0.0.0.0", "port": 8000, "keepalive_s": 7.5},
        "routing": {"rotation_count": 5},
    }
    assert found.origins["routing.rotation_count"] == "TOKEN_ROTATION_COUNT"
    assert not found.problems


@pytest.mark.parametrize("variable", ["PORT", "TOKEN_ROTATION_COUNT", "SSE_HEARTBEAT_INTERVAL"])
def test_numbers_that_are_none(variable: str) -> None:
    found = read_environment({variable: "many"})
    assert [problem.path for problem in found.problems] == [variable] and not found.settings.get("server")


def test_provider_keys_and_placeholders() -> None:
    found = read_environment(
        {"GEMINI_API_KEY": "AIzaReal1 # mine", "OPENAI_API_KEY": "sk-...", "ANTHROPIC_API_KEY": "your-key"}
    )
    assert found.provider_keys == {"gemini": "AIzaReal1"}
    assert [hint.split(":")[0] for hint in found.hints] == ["OPENAI_API_KEY", "ANTHROPIC_API_KEY"]


def test_a_provider_key_that_no_header_can_carry() -> None:
    found = read_environment({"OPENAI_API_KEY": "sk-real key"})
    assert [problem.path for problem in found.problems] == ["OPENAI_API_KEY"] and not found.provider_keys


def test_oauth_and_base() -> None:
    found = read_environment(
        {
            "OAUTH_CLIENT_ID": "id.apps",
            "OAUTH_CLIENT_SECRET": "your_client_secret",
            "OAUTH_TOKEN_URL": "https://t.example.com/token # x",
            "GOOGLE_API_BASE": "https://base.example.com",
        }
    )
    assert found.oauth == {"client_id": "id.apps", "token_url": "https://t.example.com/token"}
    assert found.google_api_base == "https://base.example.com"
    assert [hint.split(":")[0] for hint in found.hints] == ["OAUTH_CLIENT_SECRET"]


@pytest.mark.parametrize("behind", ["", "  # two of them"])
def test_projects(behind: str) -> None:
    projects: list[dict[str, Any]] = [{"project_id": "p-1", "refresh_token": "r-1"}, {"project_id": "p-2"}]
    found = read_environment({"PROJECTS": json.dumps(projects) + behind})
    assert [account.refresh_token for account in found.projects] == ["r-1"]
    assert len(found.hints) == 1 and not found.problems


@pytest.mark.parametrize("value", ["p-1,p-2", "[{", '"x"', "3"])
def test_bad_projects(value: str) -> None:
    assert [problem.path for problem in read_environment({"PROJECTS": value}).problems] == ["PROJECTS"]


def test_nothing_set() -> None:
    found = read_environment({})
    assert not (found.settings or found.api_keys or found.provider_keys or found.problems or found.hints)
