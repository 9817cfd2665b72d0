from typing import Any

import pytest

from gateway.config.client_keys import open_keys, sample_keys
from gateway.config.model import Agent, Auth, Config

SAMPLES: dict[str, Any] = {
    "auth": {"api_keys": ["a-good-long-key", "sk-..."], "admin_key": "changeme"},
    "agents": [{"tokens": ["agent-token-1", "short"]}],
}
PATHS = ["auth.api_keys[1]", "auth.admin_key", "agents[0].tokens[1]", "API_KEYS[0]"]


@pytest.mark.parametrize(
    "server",
    [{"host": "0.0.0.0"}, {"allow_lan_access": True}, {"bind": "10.0.0.1:80"}, {"host": "gateway.lan"}],
)
def test_refused_when_others_can_reach_us(server: dict[str, Any]) -> None:
    problems, hints = sample_keys({"server": server, **SAMPLES}, ("your-key",))
    assert [problem.path for problem in problems] == PATHS and not hints
    assert all(problem.remedy for problem in problems) and "changeme" not in str(problems)


@pytest.mark.parametrize("server", [{}, {"host": "localhost"}, {"bind": "unix:/run/d.sock"}, {"host": "  "}])
def test_only_a_hint_on_loopback(server: dict[str, Any]) -> None:
    problems, hints = sample_keys({"server": server, **SAMPLES}, ("your-key",))
    assert not problems and [hint.split(": ")[0] for hint in hints] == PATHS


def test_good_keys_and_keys_of_the_predecessors_readme() -> None:
    document = {"server": {"host": "0.0.0.0"}, "auth": {"api_keys": ["sk-custom-key-1"], "admin_key": ""}}
    assert sample_keys(document, ("sk-custom-key-2",)) == ([], [])


@pytest.mark.parametrize(
    "document",
    [{"server": 3, "auth": 4, "agents": 5}, {"auth": {"api_keys": "x", "admin_key": 1}, "agents": [1]}],
)
def test_broken_documents_do_not_break_it(document: dict[str, Any]) -> None:
    assert sample_keys(document, ()) == ([], [])


def test_a_loaded_configuration_that_turns_out_to_be_open() -> None:
    config = Config(
        auth=Auth(api_keys=("a-good-long-key", "sk-..."), admin_key="changeme"),
        agents=(Agent(id="a", model="m", tokens=("agent-token-1", "short")),),
    )
    assert [problem.path for problem in open_keys(config)] == PATHS[:3]
    assert open_keys(Config()) == []
