"""openai: client.completions, the legacy endpoint. It knows one prompt and plain text."""

from __future__ import annotations

from typing import Any, ClassVar

import httpx2
import openai
from openai.types import Completion

from tests.contract.ask import Ask, Reply, Said, Unfinished
from tests.contract.sdks.sdk import KEY, TIMEOUT_S, Heard


class OpenAICompletions:
    name = "openai-completions"
    dialect = "completions"
    able = frozenset(("stop", "seed", "penalties"))
    words: ClassVar = {"stop": ("stop",), "length": ("length",), "content_filter": ("content_filter",)}
    error: type[Exception] = openai.APIStatusError
    broken: tuple[type[Exception], ...] = (openai.APIError, httpx2.TransportError)

    def __init__(self, url: str, key: str = KEY) -> None:
        self.heard = Heard()
        self.client = openai.OpenAI(
            base_url=f"{url}/v1",
            api_key=key,
            max_retries=0,
            timeout=TIMEOUT_S,
            http_client=openai.DefaultHttpxClient(event_hooks=self.heard.hooks),
        )

    def ask(self, ask: Ask, model: str, stream: bool) -> Reply:
        (turn,) = ask.turns
        assert isinstance(turn, Said)
        if not stream:
            completion = self.client.completions.create(model=model, prompt=turn.text, **ask.knobs)
            Completion.model_validate(completion.to_dict(), strict=True)
            choice, used = completion.choices[0], completion.usage
            usage = None if used is None else (used.prompt_tokens, used.completion_tokens)
            return Reply(
                choice.text,
                finish=choice.finish_reason,
                usage=usage,
                model=completion.model,
                headers=self.heard.headers,
            )
        reply = Reply()
        asked = {"model": model, "prompt": turn.text, **ask.knobs, "stream_options": {"include_usage": True}}
        stream_of: Any = self.client.completions.create(**asked, stream=True)
        for chunk in stream_of:
            assert chunk.object == "text_completion" and chunk.id
            reply.model = chunk.model
            for piece in chunk.choices:
                reply.text += piece.text
                assert piece.finish_reason is None or reply.finish is None, "finished twice"
                reply.finish = piece.finish_reason or reply.finish
            if chunk.usage is not None:
                reply.usage = (chunk.usage.prompt_tokens, chunk.usage.completion_tokens)
        if reply.finish is None:
            raise Unfinished
        reply.headers = self.heard.headers
        return reply

    def status(self, error: Exception) -> int:
        assert isinstance(error, openai.APIStatusError)
        return error.status_code
