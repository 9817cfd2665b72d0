"""A tool that does what its prompt says: `do:NAME` on a line of its own. It speaks Codex's or Gemini CLI's lines where
it is called as they are, else Claude Code's; the orders that only Claude Code's lines can tell are for that one.

It notes what it was given as one line of JSON in the file named by FAKE_NOTES, and when it began and ended.
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path


def note(**what: object) -> None:
    with open(os.environ["FAKE_NOTES"], "a") as file:
        file.write(json.dumps({"pid": os.getpid(), "at": time.monotonic(), **what}) + "\n")


def line(document: object) -> None:
    sys.stdout.write(json.dumps(document) + "\n")
    sys.stdout.flush()


TOOL = "codex" if "exec" in sys.argv else "gemini" if "--output-format=stream-json" in sys.argv else "claude"


def event(**inner: object) -> None:
    line({"type": "stream_event", "event": inner, "parent_tool_use_id": None})


def say(*words: str) -> None:
    if TOOL == "codex":
        return line({"type": "item.completed", "item": {"type": "agent_message", "text": "".join(words)}})
    if TOOL == "gemini":
        for word in words:
            line({"type": "message", "role": "assistant", "content": word, "delta": True})
        return
    event(type="message_start", message={})
    event(type="content_block_start", index=0, content_block={"type": "text", "text": ""})
    for word in words:
        event(type="content_block_delta", index=0, delta={"type": "text_delta", "text": word})


def result(**more: object) -> None:
    if TOOL == "codex":
        return line({"type": "turn.completed", "usage": {"input_tokens": 7, "output_tokens": 3}})
    if TOOL == "gemini":
        stats = {"input_tokens": 7, "output_tokens": 3, "total_tokens": 10}
        return line({"type": "result", "status": "success", "stats": stats})
    usage = {"input_tokens": 5, "cache_read_input_tokens": 2, "output_tokens": 3}
    line({"type": "result", "subtype": "success", "is_error": False, "result": "said", "usage": usage, **more})


prompt = sys.stdin.read()
if TOOL == "gemini":
    line({"type": "message", "role": "user", "content": prompt})
orders = [each.removeprefix("do:") for each in prompt.splitlines() if each.startswith("do:")]
system = [Path(each.partition("=")[2]).read_text() for each in sys.argv if each.startswith("--system-prompt-file=")]
note(
    event="began", argv=sys.argv[1:], prompt=prompt, system=system, cwd=os.getcwd(), files=os.listdir(),
    env=dict(os.environ),
)  # fmt: skip
for order in orders:
    word, _, value = order.partition(" ")
    match word:
        case "hang":
            say("one ") if value == "after" else None
            time.sleep(60)
        case "stubborn":
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            time.sleep(60)
        case "sleep":
            time.sleep(float(value))
        case "stderr":
            for _ in range(int(value)):
                sys.stderr.write("x" * (1024 * 1024 - 1) + "\n")
        case "noise":
            print("Loaded cached credentials.", "[1, 2]", '{"half": ', "", sep="\n", flush=True)
        case "exit":
            sys.stderr.write("warming up\nno credentials: sk-abcdefghijklmnop is wrong\n")
            sys.exit(int(value))
        case "half":
            sys.stdout.write('{"type": "result", "subtype": "succ')
            sys.exit(0)
        case "long":
            sys.stdout.write('{"type": "x", "pad": "')
            for _ in range(11):
                sys.stdout.write("x" * 1024 * 1024)
            sys.stdout.flush()
            time.sleep(60)
        case "much":
            while True:
                line({"type": "system", "pad": "x" * 100_000})
        case "grandchild":
            child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
            note(event="grandchild", child=child.pid)
        case "failed":
            result(is_error=True, result=f"API Error: {value} the provider said no", api_error_status=int(value))
            sys.exit(1)
        case "broken":
            say("one ", "two ")
            time.sleep(0.2)
            result(is_error=True, result="API Error: 529 overloaded", api_error_status=529)
            sys.exit(1)
        case "thought":
            event(type="content_block_delta", index=0, delta={"type": "thinking_delta", "thinking": "well"})
        case "silence":
            result(result="")
            sys.exit(0)
        case "uncounted":
            say("words ", "without ", "numbers")
            result(usage=None)
            sys.exit(0)
say("he", "llo ", "there")
result()
note(event="ended")
