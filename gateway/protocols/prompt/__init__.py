"""What a command-line assistant is asked: one prompt and one system text. Its answer comes in chat's words.

Chat's sibling as completions is: only the request is written in another way.
"""

from __future__ import annotations

from dataclasses import replace

from gateway.protocols import chat
from gateway.protocols.prompt.request_writer import write_request

DIALECT = replace(chat.DIALECT, name="prompt", author="", write_request=write_request)
