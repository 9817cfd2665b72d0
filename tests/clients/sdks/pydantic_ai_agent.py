"""python pydantic_ai_agent.py URL KEY CLIENT: an agent of pydantic-ai."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

from pydantic_ai import Agent
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.models.google import GoogleModel
from pydantic_ai.models.openai import OpenAIChatModel, OpenAIResponsesModel
from pydantic_ai.providers.anthropic import AnthropicProvider
from pydantic_ai.providers.google import GoogleProvider
from pydantic_ai.providers.openai import OpenAIProvider


def model(url: str, key: str, client: str, name: str) -> Any:
    match client:
        case "openai":
            return OpenAIChatModel(name, provider=OpenAIProvider(base_url=f"{url}/v1", api_key=key))
        case "responses":
            return OpenAIResponsesModel(name, provider=OpenAIProvider(base_url=f"{url}/v1", api_key=key))
        case "anthropic":
            return AnthropicModel(name, provider=AnthropicProvider(base_url=url, api_key=key))
    return GoogleModel(name, provider=GoogleProvider(base_url=url, api_key=key))


async def main(url: str, key: str, client: str) -> dict[str, Any]:
    said: dict[str, Any] = {"plain": (await Agent(model(url, key, client, "plain")).run("hi")).output}
    async with Agent(model(url, key, client, "stream")).run_stream("hi") as streamed:
        said["stream"] = await streamed.get_output()
    agent = Agent(model(url, key, client, "tool"))

    @agent.tool_plain
    def weather(city: str) -> str:
        said["call"] = {"city": city}
        return "18 degrees"

    said["tool"] = (await agent.run("hi")).output
    try:
        async with Agent(model(url, key, client, "cut")).run_stream("hi") as streamed:
            await streamed.get_output()
        said["cut"] = "success"
    except Exception:
        said["cut"] = "error"
    return said


print(json.dumps(asyncio.run(main(*sys.argv[1:]))))
