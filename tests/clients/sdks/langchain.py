"""python langchain.py URL KEY CLIENT: one of LangChain's chat models."""

from __future__ import annotations

import json
import sys
from typing import Any

from langchain_anthropic import ChatAnthropic
from langchain_core.messages import HumanMessage, ToolMessage
from langchain_core.tools import tool
from langchain_google_genai import ChatGoogleGenerativeAI
from langchain_openai import ChatOpenAI


@tool
def weather(city: str) -> str:
    """The weather of a city."""
    return "18 degrees"


def chat(url: str, key: str, client: str, model: str) -> Any:
    match client:
        case "openai":
            return ChatOpenAI(model=model, base_url=f"{url}/v1", api_key=key, max_retries=0)
        case "anthropic":
            return ChatAnthropic(model=model, base_url=url, api_key=key, max_retries=0)
    return ChatGoogleGenerativeAI(model=model, base_url=url, google_api_key=key, max_retries=1)


def main(url: str, key: str, client: str) -> dict[str, Any]:
    said: dict[str, Any] = {"plain": chat(url, key, client, "plain").invoke("hi").text}
    said["stream"] = "".join(chunk.text for chunk in chat(url, key, client, "stream").stream("hi"))
    able = chat(url, key, client, "tool").bind_tools([weather])
    asked = able.invoke("hi")
    (call,) = asked.tool_calls
    said["call"] = call["args"]
    result = ToolMessage(weather.invoke(call["args"]), tool_call_id=call["id"], name=call["name"])
    said["tool"] = able.invoke([HumanMessage("hi"), asked, result]).text
    try:
        for _ in chat(url, key, client, "cut").stream("hi"):
            pass
        said["cut"] = "success"
    except Exception:
        said["cut"] = "error"
    return said


print(json.dumps(main(*sys.argv[1:])))
