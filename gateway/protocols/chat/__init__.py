"""OpenAI Chat Completions (https://platform.openai.com/docs/api-reference/chat)."""

from __future__ import annotations

from gateway.protocols.chat.answer_reader import answer_reader
from gateway.protocols.chat.answer_writer import answer_writer
from gateway.protocols.chat.check import check_request
from gateway.protocols.chat.conversation import conversation
from gateway.protocols.chat.errors import read_error, write_error
from gateway.protocols.chat.models import read_models, write_model, write_models
from gateway.protocols.chat.request_reader import read_request
from gateway.protocols.chat.request_writer import write_request
from gateway.protocols.chat.unheard import unheard
from gateway.protocols.chat.usage import is_usage_event
from gateway.protocols.chat.whole import read_answer, write_answer
from gateway.protocols.dialect import Dialect
from gateway.protocols.openai_embeddings import EMBEDDING
from gateway.protocols.passing import with_stream_usage

MARKERS = (
    b'"finish_reason":"',
    b'"finish_reason": "',
    b'"usage":{',
    b'"usage": {',
    b'"error":',
    b'"error" :',
    b"event: error",
    b"[DONE]",
)

DIALECT = Dialect(
    name="chat",
    author="openai",
    read_request=read_request,
    check_request=check_request,
    write_request=write_request,
    answer_reader=answer_reader,
    read_answer=read_answer,
    answer_writer=answer_writer,
    write_answer=write_answer,
    write_error=write_error,
    read_error=read_error,
    write_models=write_models,
    write_model=write_model,
    read_models=read_models,
    unheard=unheard,
    markers=MARKERS,
    usage_event=is_usage_event,
    ask_usage=with_stream_usage,
    embedding=EMBEDDING,
    end=b"data: [DONE]\n\n",
    conversation=conversation,
)
