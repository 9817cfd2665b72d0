"""Other people's SDKs and frameworks, Node's and Python's: a plain, a streamed and a tool answer, and a cut one.

Each is a script in sdks/ that asks for the models "plain", "stream", "tool" and "cut", and prints what it was told.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.clients.house import ALIAS, KEY, MODELS, House
from tests.clients.process import MODULES, NODE, PYTHON, run
from tests.scripted.answer import Answer, ToolUse, spoken
from tests.scripted.script import Script

pytestmark = pytest.mark.clients

SDKS = Path(__file__).with_name("sdks")
SDK_OVER = (
    *(("openai.mjs", over) for over in ("responses", "anthropic", "gemini")),
    *(("openai_responses.mjs", over) for over in ("chat", "anthropic", "gemini")),
    *(("anthropic.mjs", over) for over in ("chat", "responses", "gemini")),
    *(("genai.mjs", over) for over in ("chat", "responses", "anthropic")),
    *(("ai.mjs openai", over) for over in ("chat", "gemini")),
    *(("ai.mjs compatible", over) for over in ("chat", "anthropic")),
    *(("ai.mjs anthropic", over) for over in ("anthropic", "gemini")),
    *(("ai.mjs google", over) for over in ("gemini", "responses")),
    ("langchain.py openai", "gemini"),
    ("langchain.py anthropic", "chat"),
    ("langchain.py google", "anthropic"),
    ("pydantic_ai_agent.py openai", "anthropic"),
    ("pydantic_ai_agent.py responses", "gemini"),
    ("pydantic_ai_agent.py anthropic", "responses"),
    ("pydantic_ai_agent.py google", "chat"),
)
"""Over providers of other dialects above all; Python's start slowly, hence one each."""
CALL = Answer(spoken("I look"), tools=(ToolUse("weather", '{"city": "Zürich"}'),))


@pytest.mark.parametrize(("sdk", "house"), SDK_OVER, indirect=["house"])
def test_an_sdk(house: House, home: Path, sdk: str) -> None:
    said = told(house, home, sdk)
    assert said["plain"] == "a plain «ответ»"
    assert said["stream"] == "word by word"
    assert said["call"] == {"city": "Zürich"}
    assert said["tool"] == "it is 18 degrees there"
    assert said["cut"] == "error"
    if "models" in said:
        assert said["models"] == [f"models/{name}" for name in sorted((*MODELS, ALIAS))]
    assert b"18 degrees" in _last(house, "tool").raw


@pytest.mark.parametrize("house", ["chat", "gemini"], indirect=True)
def test_the_tool_runner_that_wants_a_thread(house: House, home: Path) -> None:
    said = told(house, home, "anthropic_runner.mjs")
    assert said == {"tool": "it is 18 degrees there", "call": {"city": "Zürich"}}
    raw = _last(house, "tool").raw
    assert b"the first words" in raw and b"18 degrees" in raw


def told(house: House, home: Path, sdk: str) -> dict[str, Any]:
    house.up.play(Script(answer=Answer(spoken("a plain «ответ»"))), model="plain")
    house.up.play(Script(answer=Answer(spoken("word by word"))), model="stream")
    house.up.play(Script(answer=CALL), Script(answer=Answer(spoken("it is 18 degrees there"))), model="tool")
    house.up.play(Script(answer=Answer(spoken("one two three four")), cut_after=2, pace=0.01), model="cut")
    name, *arguments = sdk.split()
    program = PYTHON if name.endswith(".py") else NODE
    if program is NODE:
        # Node looks for packages beside the script and in the folders above it.
        (home / "node_modules").symlink_to(MODULES)
    script = shutil.copy(SDKS / name, home / "work" / name)
    ended = run([program, script, house.url, KEY, *arguments], home, {"LANGSMITH_TRACING": "false"})
    assert ended.code == 0, str(ended)
    answer: dict[str, Any] = json.loads(ended.out.strip().split("\n")[-1])
    return answer


def _last(house: House, model: str) -> Any:
    return house.up.asked(model=model)[-1]
