"""google-genai: client.models.generate_content."""

from __future__ import annotations

import base64
from typing import Any, ClassVar

import httpx2
from google import genai
from google.genai import errors, types

from tests.contract.ask import Ask, Called, Reply, Result, Results, Said, Shown, Turn, Unfinished, Use
from tests.contract.sdks.sdk import KEY, TIMEOUT_S, Heard

MODES = {"auto": "AUTO", "none": "NONE", "required": "ANY"}
KNOBS = {"max_tokens": "max_output_tokens", "stop": "stop_sequences"}


class GoogleGenai:
    name = "google-genai"
    dialect = "gemini"
    able = frozenset(
        ("system", "tools", "images", "schema", "thinking", "stop", "seed", "penalties", "top_k", "failed results")
    )
    words: ClassVar = {
        "stop": ("STOP",),
        "length": ("MAX_TOKENS",),
        "tool_calls": ("STOP",),
        "content_filter": ("SAFETY",),
    }
    error: type[Exception] = errors.APIError
    broken: tuple[type[Exception], ...] = (errors.APIError, errors.UnknownApiResponseError, httpx2.TransportError)

    def __init__(self, url: str, key: str = KEY) -> None:
        self.heard = Heard()
        self.client = genai.Client(
            api_key=key,
            http_options=types.HttpOptions(
                base_url=url, timeout=int(TIMEOUT_S * 1000), client_args={"event_hooks": self.heard.hooks}
            ),
        )

    def ask(self, ask: Ask, model: str, stream: bool) -> Reply:
        contents, config = self.request(ask)
        chunks: list[types.GenerateContentResponse]
        if stream:
            chunks = list(self.client.models.generate_content_stream(model=model, contents=contents, config=config))
        else:
            chunks = [self.client.models.generate_content(model=model, contents=contents, config=config)]
        reply = Reply()
        for chunk in chunks:
            reply.model = chunk.model_version or reply.model
            if chunk.usage_metadata is not None:
                used = chunk.usage_metadata
                answered = (used.candidates_token_count or 0) + (used.thoughts_token_count or 0)
                reply.usage = (used.prompt_token_count or 0, answered)
            for candidate in chunk.candidates or ():
                if candidate.finish_reason is not None:
                    assert reply.finish is None, "finished twice"
                    reply.finish = candidate.finish_reason.value
                for part in (candidate.content.parts if candidate.content else None) or ():
                    if part.function_call is not None:
                        call = part.function_call
                        reply.uses.append(Use(call.id or "", call.name or "", call.args or {}))
                    elif part.thought:
                        reply.thinking += part.text or ""
                    else:
                        reply.text += part.text or ""
        if reply.finish is None:
            raise Unfinished
        reply.headers = self.heard.headers
        return reply

    def status(self, error: Exception) -> int:
        assert isinstance(error, errors.APIError)
        return error.code

    @staticmethod
    def request(ask: Ask) -> tuple[list[Any], types.GenerateContentConfig]:
        system = [turn.text for turn in ask.turns if isinstance(turn, Said) and turn.role in ("system", "developer")]
        contents = [
            _content(turn)
            for turn in ask.turns
            if not (isinstance(turn, Said) and turn.role in ("system", "developer"))
        ]
        config: dict[str, Any] = {KNOBS.get(name, name): value for name, value in ask.knobs.items()}
        if system:
            config["system_instruction"] = system
        if ask.thinking:
            config["thinking_config"] = types.ThinkingConfig(include_thoughts=True, thinking_budget=2048)
        if ask.tools:
            declared = [
                types.FunctionDeclaration(
                    name=tool.name, description=tool.description, parameters_json_schema=dict(tool.schema)
                )
                for tool in ask.tools
            ]
            config["tools"] = [types.Tool(function_declarations=declared)]
        if ask.choice:
            named = ask.choice not in MODES
            calling = types.FunctionCallingConfig(
                mode=types.FunctionCallingConfigMode(MODES.get(ask.choice, "ANY")),
                allowed_function_names=[ask.choice] if named else None,
            )
            config["tool_config"] = types.ToolConfig(function_calling_config=calling)
        if ask.schema is not None:
            config |= {"response_mime_type": "application/json", "response_json_schema": ask.schema}
        return contents, types.GenerateContentConfig(**config)


def _content(turn: Turn) -> types.Content:
    match turn:
        case Said(role, text):
            return types.Content(role="model" if role == "assistant" else "user", parts=[types.Part(text=text)])
        case Shown(text, data, mime):
            picture = types.Part.from_bytes(data=base64.b64decode(data), mime_type=mime)
            return types.Content(role="user", parts=[types.Part(text=text), picture])
        case Called(uses):
            calls = [
                types.Part(function_call=types.FunctionCall(id=use.id, name=use.name, args=use.args)) for use in uses
            ]
            return types.Content(role="model", parts=calls)
        case Results(results):
            return types.Content(role="user", parts=[_result(result) for result in results])


def _result(result: Result) -> types.Part:
    said = {"error" if result.failed else "output": result.text}
    response = types.FunctionResponse(id=result.use.id, name=result.use.name, response=said)
    return types.Part(function_response=response)
