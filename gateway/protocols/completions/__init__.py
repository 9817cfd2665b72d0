"""OpenAI's legacy Completions, the client's side.

https://platform.openai.com/docs/api-reference/completions
No provider is asked in this dialect: what reads or writes a provider's bytes is the chat dialect's.
"""

from __future__ import annotations

from dataclasses import replace

from gateway.protocols.chat import DIALECT as CHAT
from gateway.protocols.completions.answer_writer import answer_writer, write_answer
from gateway.protocols.completions.request_reader import check_request, read_request

DIALECT = replace(
    CHAT,
    name="completions",
    read_request=read_request,
    check_request=check_request,
    answer_writer=answer_writer,
    write_answer=write_answer,
    conversation=None,
    turn="prompt",
    part="",
)
