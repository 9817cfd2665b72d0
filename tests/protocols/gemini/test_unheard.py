"""What only Gemini can say below the top level."""

from __future__ import annotations

from gateway.protocols.gemini import DIALECT


def test_nested_fields_of_a_request() -> None:
    call = {"name": "f", "args": {}, "willContinue": True}
    body = {
        "systemInstruction": {"role": "system", "parts": [{"text": "s", "odd": 1}]},
        "contents": [
            {"role": "user", "parts": [{"text": "x", "partMetadata": {"a": 1}}], "odder": 1},
            {"role": "model", "parts": [{"functionCall": call, "thoughtSignature": "R2Vt"}]},
            {
                "role": "user",
                "parts": [
                    {"functionResponse": {"name": "f", "response": {"result": "1"}, "scheduling": "SILENT"}},
                    {"fileData": {"fileUri": "https://x/a.mp4", "mimeType": "video/mp4"}, "video_metadata": {"fps": 2}},
                ],
            },
        ],
        "tools": [
            {"functionDeclarations": [{"name": "f", "behavior": "NON_BLOCKING", "parameters": {"type": "OBJECT"}}]},
            {"googleSearch": {"timeRangeFilter": {"startTime": "t"}}},
            {"mcpServers": [{"name": "s"}]},
        ],
    }
    assert list(DIALECT.unheard(DIALECT.read_request(body, model="m"), "chat")) == [
        "systemInstruction.parts[].odd",
        "contents[].odder",
        "contents[].parts[].partMetadata",
        "contents[].parts[].willContinue",
        "contents[].parts[].scheduling",
        "contents[].parts[].videoMetadata",
        "tools[].functionDeclarations[].behavior",
        "tools[].googleSearch.timeRangeFilter",
    ]
