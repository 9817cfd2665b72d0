"""Every request parameter a provider documents, from each protocol to each provider's: it stands in the provider's
body, or the loss report names it, or it is explained why it need not. Nothing goes nowhere without a word."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from anthropic.types.beta.message_create_params import MessageCreateParamsBase as AnthropicRequest
from google.genai import types
from openai.types.chat.completion_create_params import CompletionCreateParamsBase as ChatRequest
from openai.types.responses.response_create_params import ResponseCreateParamsBase as ResponsesRequest

from tests.contract.parameters.parameter import Parameter
from tests.contract.parameters.probe import MODELS, PARAMETERS, Found, Prober, changed
from tests.contract.parameters.table import FILE, Outcomes, outcomes, rendered

SUBJECTS = {"model", "messages", "input", "contents"}
CASES = [
    pytest.param(protocol, parameter, provider, id=f"{protocol}-{parameter.name}-{provider}")
    for protocol, parameters in PARAMETERS.items()
    for parameter in parameters
    for provider in MODELS
]


@pytest.fixture(scope="module")
def prober() -> Iterator[Prober]:
    with Prober() as prober:
        yield prober


@pytest.fixture(scope="module")
def found(prober: Prober) -> Outcomes:
    return outcomes(prober)


@pytest.mark.parametrize(("protocol", "parameter", "provider"), CASES)
def test_a_parameter_arrives_or_is_reported(
    found: Outcomes, protocol: str, parameter: Parameter, provider: str
) -> None:
    assert found[protocol, parameter.name, provider]


def test_the_page_says_what_the_wire_says(found: Outcomes) -> None:
    """`python -m tests.contract.parameters --write` writes it anew."""
    assert FILE.read_text(encoding="utf-8") == rendered(found)


@pytest.mark.parametrize("protocol", PARAMETERS)
def test_at_least_thirty(protocol: str) -> None:
    names = [parameter.name for parameter in PARAMETERS[protocol]]
    assert len(set(names)) == len(names) >= 30


@pytest.mark.parametrize(
    ("protocol", "documented"),
    [
        ("chat", ChatRequest.__annotations__),
        ("responses", ResponsesRequest.__annotations__),
        ("anthropic", AnthropicRequest.__annotations__),
        ("gemini", [f"generationConfig.{each.alias}" for each in types.GenerationConfig.model_fields.values()]),
        ("gemini", [f"toolConfig.{each.alias}" for each in types.ToolConfig.model_fields.values()]),
        ("gemini", ["safetySettings", "cachedContent", "labels", "systemInstruction", "serviceTier"]),
    ],
)
def test_what_the_official_sdk_knows_is_in_the_list(protocol: str, documented: list[str]) -> None:
    """The SDKs are written from the API references: a parameter new there has to be looked at here."""
    known = [parameter.name.replace("[]", "") for parameter in PARAMETERS[protocol]]
    missing = [
        name
        for name in documented
        if name not in SUBJECTS and not any(f"{each}.".startswith(f"{name}.") for each in known)
    ]
    assert missing == []


@pytest.mark.parametrize("protocol", PARAMETERS)
def test_a_client_and_a_provider_of_one_protocol_share_every_byte(prober: Prober, protocol: str) -> None:
    for parameter in PARAMETERS[protocol]:
        seen = prober.probe(protocol, parameter, protocol)
        added = protocol == "chat" and parameter.given.get("stream") is True
        assert seen.same_bytes or parameter.refused or added, parameter.name


def test_a_parameter_that_goes_nowhere_is_found_out() -> None:
    """The judge itself."""
    silent = Found(200, (), ("other",), False)
    assert silent.outcome(Parameter("top_k", {})) == ""
    assert Found(200, (), ("tools[3].strict",), False).outcome(Parameter("tools[].strict", {})) == "reported"
    assert Found(200, ("a.b",), (), False).outcome(Parameter("c", {})) == "`a.b`"
    assert Found(500, ("a",), ("c",), False).outcome(Parameter("c", {})) == ""
    assert sorted(changed({"a": [{"b": 1}], "c": 2}, {"a": [{"b": 2}], "d": {"e": 1}})) == ["a[].b", "c", "d"]
