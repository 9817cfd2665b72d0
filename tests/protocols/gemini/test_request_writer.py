"""Dialogues to bodies: identity for Gemini's own, and what other dialects' dialogues become."""

import copy
from dataclasses import replace

import pytest

from gateway.canon.dialogue import Dialogue, Knobs, OutputFormat, ThinkingWish, Tool, ToolChoice, Turn
from gateway.canon.parts import Media, Opaque, Refusal, Signature, Text, Thinking, ToolCall, ToolResult
from gateway.canon.profile import Profile
from gateway.protocols.gemini import DIALECT

BUDGET = Profile(thinking="budget")
LEVEL = Profile(thinking="level")
SKIP = "skip_thought_signature_validator"

HI = {"role": "user", "parts": [{"text": "hi"}]}
SCHEMA = {
    "type": "OBJECT",
    "properties": {
        "format": {"type": "STRING", "format": "date-time", "description": "when"},
        "title": {"type": "ARRAY", "items": {"type": "INTEGER", "minimum": 1}, "minItems": 1},
        "kind": {"type": "STRING", "enum": ["a", "b"], "nullable": True},
        "any": {"anyOf": [{"type": "STRING"}, {"type": "NUMBER"}]},
    },
    "required": ["format", "kind"],
    "propertyOrdering": ["kind", "format", "title", "any"],
}
TOOLS = {
    "contents": [
        HI,
        {
            "role": "model",
            "parts": [
                {"text": "Thinking aloud", "thought": True},
                {"text": "Let me see.", "thoughtSignature": "AAA+/w=="},
                {
                    "functionCall": {"id": "1", "name": "f", "args": {"title": "x", "type": "y"}},
                    "thoughtSignature": "c2ln",
                },
                {"functionCall": {"name": "g", "args": {}}},
            ],
        },
        {
            "role": "user",
            "parts": [
                {
                    "functionResponse": {
                        "id": "1",
                        "name": "f",
                        "response": {"output": "a", "x": 1},
                        "scheduling": "SILENT",
                    }
                },
                {
                    "functionResponse": {
                        "name": "g",
                        "response": {"error": "b"},
                        "parts": [{"inlineData": {"mimeType": "image/png", "data": "AAAA"}}],
                    }
                },
                {"text": "go on"},
            ],
        },
        {
            "role": "model",
            "parts": [
                {"executableCode": {"language": "PYTHON", "code": "1"}},
                {"brandNew": {"x": 1}},
                {"text": "", "thoughtSignature": "BBBB"},
            ],
        },
        {
            "role": "user",
            "parts": [
                {
                    "inlineData": {"mimeType": "image/png", "data": "AAAA", "displayName": "a.png"},
                    "mediaResolution": {"level": "MEDIA_RESOLUTION_LOW"},
                },
                {
                    "fileData": {
                        "mimeType": "video/mp4",
                        "fileUri": "https://generativelanguage.googleapis.com/v1beta/files/abc",
                    },
                    "videoMetadata": {"fps": 2},
                },
                {"fileData": {"fileUri": "gs://bucket/x"}},
                {"text": "what?", "partMetadata": {"k": "v"}},
            ],
            "unknownContentField": 1,
        },
    ],
    "systemInstruction": {"parts": [{"text": "one"}, {"text": "two"}], "role": "user"},
    "tools": [
        {"googleSearch": {"excludeDomains": ["x.com"]}},
        {
            "functionDeclarations": [
                {
                    "name": "f",
                    "description": "d",
                    "parameters": {
                        "type": "OBJECT",
                        "properties": {"a": {"type": "STRING", "minLength": "3"}},
                    },
                },
                {
                    "name": "g",
                    "parametersJsonSchema": {"type": "object", "$defs": {"x": {}}},
                    "behavior": "BLOCKING",
                },
            ]
        },
        {"somethingNew": {"a": 1}},
    ],
    "toolConfig": {
        "functionCallingConfig": {"mode": "VALIDATED"},
        "includeServerSideToolInvocations": True,
        "retrievalConfig": {"languageCode": "de"},
    },
    "safetySettings": [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}],
    "cachedContent": "cachedContents/1",
    "labels": {"a": "b"},
    "serviceTier": "flex",
}
CONFIG = {
    "contents": [HI],
    "generationConfig": {
        "temperature": 0.1,
        "topP": 0.9,
        "topK": 40,
        "maxOutputTokens": 9000,
        "stopSequences": ["a"],
        "seed": -3,
        "presencePenalty": 0.1,
        "frequencyPenalty": 0.2,
        "candidateCount": 2,
        "responseLogprobs": True,
        "logprobs": 3,
        "responseMimeType": "application/json",
        "responseSchema": SCHEMA,
        "responseModalities": ["TEXT", "IMAGE"],
        "imageConfig": {"aspectRatio": "1:1"},
        "newField": {"x": [1]},
        "thinkingConfig": {"includeThoughts": True, "thinkingBudget": 4000, "futureField": 1},
    },
}


def config(**fields):
    return {"contents": [HI], "generationConfig": fields}


def through(body, profile=BUDGET):
    return DIALECT.write_request(DIALECT.read_request(copy.deepcopy(body), model="m"), profile)


@pytest.mark.parametrize(
    "body",
    [
        {"contents": [HI]},
        TOOLS,
        CONFIG,
        config(responseMimeType="application/json", responseJsonSchema={"type": "object", "$defs": {}}),
        config(responseMimeType="text/x.enum", responseSchema={"type": "STRING", "enum": ["a"]}),
        config(thinkingConfig={"includeThoughts": False, "thinkingBudget": 0}),
        config(thinkingConfig={"includeThoughts": True, "thinkingBudget": -1}),
        config(thinkingConfig={"includeThoughts": True}),
        *(
            {
                "contents": [HI],
                "tools": [{"functionDeclarations": [{"name": "f"}]}],
                "toolConfig": {"functionCallingConfig": calling},
            }
            for calling in (
                {"mode": "NONE"},
                {"mode": "AUTO"},
                {"mode": "ANY"},
                {"mode": "ANY", "allowedFunctionNames": ["f"]},
                {"mode": "ANY", "allowedFunctionNames": ["f", "g"], "streamFunctionCallArguments": True},
                {"mode": "VALIDATED", "allowedFunctionNames": ["f"]},
                {"mode": "SOME_NEW_MODE"},
            )
        ),
    ],
)
def test_a_gemini_body_comes_out_as_it_went_in(body):
    written = through(body)
    assert written.body == body
    assert written.losses == []


def test_a_level_survives():
    body = config(thinkingConfig={"includeThoughts": True, "thinkingLevel": "high"})
    assert through(body, LEVEL).body == body


def test_a_longer_history_begins_with_the_shorter_one():
    shorter = {**TOOLS, "contents": TOOLS["contents"][:3]}
    assert through(TOOLS, LEVEL).body["contents"][:3] == through(shorter, LEVEL).body["contents"]


def write(turns, profile=BUDGET, **fields):
    return DIALECT.write_request(Dialogue("m", turns, **fields), profile)


def said(role, *parts):
    return Turn(role, list(parts))


def test_system_turns_are_gathered_and_neighbours_merged():
    written = write(
        [
            said("system", Text("a")),
            said("developer", Text("b")),
            said("user", Text("q")),
            said(
                "system",
                Text("c"),
                Text("x-anthropic-billing-header: 1", extras={"anthropic": {"attribution": True}}),
            ),
            said("user", Text("r")),
            said("assistant", Refusal("no")),
        ]
    )
    assert written.body["systemInstruction"] == {"parts": [{"text": "a"}, {"text": "b"}, {"text": "c"}]}
    assert written.body["contents"] == [
        {"role": "user", "parts": [{"text": "q"}, {"text": "r"}]},
        {"role": "model", "parts": [{"text": "no"}]},
    ]
    assert written.losses == []


def test_system_alone_becomes_what_is_asked():
    assert write([said("system", Text("a"))]).body == {"contents": [{"role": "user", "parts": [{"text": "a"}]}]}
    assert write([said("user", Text(""))]).body["contents"][0]["parts"] == [{"text": " "}]


def test_results_in_call_order_in_one_content():
    written = write(
        [
            said("user", Text("q")),
            said("assistant", ToolCall("1", "f", "{}"), ToolCall("2", "g", '{"a":1}')),
            said("user", ToolResult("2", "g", [Text('{"n":1}')])),
            said("user", ToolResult("1", "f", [Text("boom")], is_error=True), Text("and?")),
        ]
    )
    assert written.body["contents"][2] == {
        "role": "user",
        "parts": [
            {"functionResponse": {"id": "1", "name": "f", "response": {"error": "boom"}}},
            {"functionResponse": {"id": "2", "name": "g", "response": {"n": 1}}},
            {"text": "and?"},
        ],
    }


def test_pictures_in_results():
    turns = [
        said("user", Text("q")),
        said("assistant", ToolCall("1", "f", "{}")),
        said("user", ToolResult("1", "f", [Text("see"), Media("image", "image/png", data="AAAA")])),
    ]
    picture = {"inlineData": {"mimeType": "image/png", "data": "AAAA"}}
    assert write(turns).body["contents"][2]["parts"][1] == picture
    [part] = write(turns, LEVEL).body["contents"][2]["parts"]
    assert part["functionResponse"]["parts"] == [picture]


def test_signatures():
    def history(*parts):
        return [said("user", Text("q")), said("assistant", *parts)]

    own = Signature("gemini", "c2ln")
    foreign = Signature("anthropic", "EqQ")
    call = ToolCall("1", "f", "{}", own)

    def parts(*given, profile=BUDGET):
        return write(history(*given), profile).body["contents"][1]["parts"]

    assert parts(call)[0]["thoughtSignature"] == "c2ln"
    assert "thoughtSignature" not in parts(replace(call, signature=foreign))[0]
    unsigned = ToolCall("1", "f", "{}")
    first, second = parts(unsigned, ToolCall("2", "f", "{}"), profile=LEVEL)
    assert first["thoughtSignature"] == SKIP and "thoughtSignature" not in second
    assert parts(call, unsigned, profile=LEVEL)[0]["thoughtSignature"] == "c2ln"
    carried = parts(Thinking("why", own), unsigned, profile=LEVEL)
    assert carried == [
        {"text": "why", "thought": True},
        {"functionCall": {"id": "1", "name": "f", "args": {}}, "thoughtSignature": "c2ln"},
    ]
    assert parts(Text("a"), Thinking("", own)) == [{"text": "a"}, {"text": "", "thoughtSignature": "c2ln"}]
    lost = write(history(Thinking("why", foreign), Thinking("", foreign), Thinking("", redacted=foreign), Text("a")))
    assert lost.body["contents"][1]["parts"] == [{"text": "a"}] and len(lost.losses) == 1


def test_media_and_foreign_blocks():
    written = write(
        [
            said(
                "user",
                Media("image", url="https://e.org/a.PNG?x=1"),
                Media("document", url="https://e.org/doc"),
                Media("image", file_id="file-123"),
                Opaque("anthropic", {"type": "search_result"}),
            )
        ]
    )
    assert written.body["contents"][0]["parts"] == [
        {"fileData": {"mimeType": "image/png", "fileUri": "https://e.org/a.PNG?x=1"}},
        {"fileData": {"mimeType": "application/pdf", "fileUri": "https://e.org/doc"}},
    ]
    assert [loss.path for loss in written.losses] == ["turns[0].parts[2]", "turns[0].parts[3]"]


def test_tools_of_other_dialects():
    tools = [
        Tool("builtin", "web_search", dialect="anthropic", raw={"type": "web_search_20250305"}),
        Tool(
            "function",
            "mcp.a/b",
            "d",
            {"type": "object", "properties": {"x": {"$ref": "#/$defs/X"}}, "$defs": {"X": {"const": "k"}}},
        ),
        Tool("function", "mcp.a/b"),
        Tool("custom", "apply_patch", raw={}),
        Tool("function", "none", parameters={"type": "object", "properties": {}}),
        Tool("builtin", "computer", dialect="responses"),
    ]
    turns = [
        said("user", Text("q")),
        said(
            "assistant",
            ToolCall("1", "mcp.a/b", '{"x":1}'),
            ToolCall("2", "apply_patch", "*** Begin", freeform=True),
        ),
    ]
    written = write(turns, tools=tools, tool_choice=ToolChoice("one", ["mcp.a/b"]))
    [entry] = written.body["tools"]
    first, patch, none = entry["functionDeclarations"]
    assert first == {
        "name": "mcp.a_b",
        "description": "d",
        "parameters": {"type": "OBJECT", "properties": {"x": {"type": "STRING", "enum": ["k"]}}},
    }
    assert patch["parameters"]["required"] == ["input"] and none == {"name": "none"}
    assert written.body["toolConfig"] == {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["mcp.a_b"]}}
    calls = written.body["contents"][1]["parts"]
    assert calls[0]["functionCall"]["name"] == "mcp.a_b" and calls[1]["functionCall"]["args"] == {"input": "*** Begin"}
    assert written.names.from_wire("mcp.a_b") == "mcp.a/b"
    assert [loss.path for loss in written.losses] == ["tools[0]", "tools[2]", "tools[5]"]
    alone = write([said("user", Text("q"))], tools=tools[:1], tool_choice=ToolChoice("auto"))
    assert alone.body["tools"] == [{"googleSearch": {}}] and "toolConfig" not in alone.body


@pytest.mark.parametrize(
    ("profile", "wish", "expected"),
    [
        (Profile(thinking="none"), ThinkingWish("on", 2000), None),
        (Profile(thinking="none", thinking_default=-1), None, None),
        (BUDGET, None, None),
        (
            Profile(thinking="budget", thinking_default=-1),
            None,
            {"includeThoughts": True, "thinkingBudget": -1},
        ),
        (
            Profile(thinking="budget", thinking_default=0),
            None,
            {"includeThoughts": False, "thinkingBudget": 0},
        ),
        (
            Profile(thinking="budget", thinking_default=-1),
            ThinkingWish("off"),
            {"includeThoughts": False, "thinkingBudget": 0},
        ),
        (BUDGET, ThinkingWish("on", effort="medium"), {"includeThoughts": True, "thinkingBudget": 16000}),
        (BUDGET, ThinkingWish("on", 31999, shown=False), {"includeThoughts": False, "thinkingBudget": 24576}),
        (BUDGET, ThinkingWish("adaptive"), {"includeThoughts": True}),
        (LEVEL, ThinkingWish("on", effort="medium"), {"includeThoughts": True, "thinkingLevel": "medium"}),
        (LEVEL, ThinkingWish("on", effort="max"), {"includeThoughts": True, "thinkingLevel": "high"}),
        (LEVEL, ThinkingWish("on", 5000), {"includeThoughts": True, "thinkingLevel": "medium"}),
        (LEVEL, ThinkingWish("on", 500), {"includeThoughts": True, "thinkingLevel": "low"}),
        (LEVEL, ThinkingWish("on", 31999, shown=False), {"includeThoughts": False, "thinkingLevel": "high"}),
        (LEVEL, ThinkingWish("on", -1), {"includeThoughts": True}),
        (LEVEL, ThinkingWish("on", 5000, effort="high"), {"includeThoughts": True, "thinkingLevel": "high"}),
        (LEVEL, ThinkingWish("on", 0), {"includeThoughts": False, "thinkingLevel": "low"}),
        (LEVEL, None, None),
        (Profile(thinking="level", thinking_default=-1), None, {"includeThoughts": True}),
        (LEVEL, ThinkingWish("off"), {"includeThoughts": False, "thinkingLevel": "low"}),
    ],
)
def test_thinking(profile, wish, expected):
    written = write([said("user", Text("q"))], profile, thinking=wish)
    assert written.body.get("generationConfig", {}).get("thinkingConfig") == expected


@pytest.mark.parametrize(
    ("limit", "most", "limit_out", "budget_out"),
    [
        (20000, None, 20000, 16000),
        (100, None, 16100, 16000),
        (100, 8192, 8192, 4096),
        (None, 8192, None, 4096),
        (100, 1000, 1000, 999),
    ],
)
def test_the_limit_exceeds_the_budget(limit, most, limit_out, budget_out):
    profile = Profile(thinking="budget", max_output_tokens=most)
    config = write(
        [said("user", Text("q"))], profile, knobs=Knobs(max_tokens=limit), thinking=ThinkingWish("on", 16000)
    ).body["generationConfig"]
    assert (config.get("maxOutputTokens"), config["thinkingConfig"]["thinkingBudget"]) == (
        limit_out,
        budget_out,
    )


def test_knobs_losses_and_dropped_fields():
    written = write(
        [said("user", Text("q"))],
        Profile(drop=("temperature", "tools"), max_output_tokens=1000),
        knobs=Knobs(temperature=1.0, max_tokens=5000, seed=2**40 + 7, stop=[*"abcdef", ""]),
        tools=[Tool("function", "f")],
        parallel_tool_calls=False,
        verbosity="low",
        extras={"chat": {"logit_bias": {}}, "gemini": {"labels": {"a": "b"}}},
    )
    config = written.body["generationConfig"]
    assert config == {"maxOutputTokens": 1000, "seed": 7, "stopSequences": [*"abcde"]}
    assert written.body["labels"] == {"a": "b"} and "tools" not in written.body
    assert {loss.path for loss in written.losses} == {
        "temperature",
        "tools",
        "stop",
        "parallel_tool_calls",
        "verbosity",
        "logit_bias",
    }


def test_output_and_trailing_assistant():
    schema = {
        "type": "object",
        "properties": {"a": {"type": ["string", "null"]}},
        "additionalProperties": False,
        "required": ["a"],
    }
    written = write(
        [said("user", Text("q")), said("assistant", Text("{"))],
        Profile(trailing_assistant=False),
        output=OutputFormat("schema", schema, "n", True),
        modalities=["text", "image"],
    )
    assert written.body["generationConfig"] == {
        "responseMimeType": "application/json",
        "responseSchema": {
            "type": "OBJECT",
            "properties": {"a": {"type": "STRING", "nullable": True}},
            "required": ["a"],
        },
        "responseModalities": ["TEXT", "IMAGE"],
    }
    assert [content["role"] for content in written.body["contents"]] == ["user"] and len(written.losses) == 1
    assert "generationConfig" not in write([said("user", Text("q"))], output=OutputFormat("text", name="x")).body


def test_what_the_gateway_honours_itself_is_no_loss_and_bookkeeping_is_a_harmless_one():
    extras = {"responses": {"store": False, "include": ["reasoning.encrypted_content"], "background": True}}
    written = write([said("user", Text("q"))], extras=extras)
    assert [(loss.path, loss.harmless) for loss in written.losses] == [("include", True), ("background", False)]
