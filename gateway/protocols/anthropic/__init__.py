"""The Anthropic Messages dialect (https://docs.anthropic.com/en/api/messages)."""

from __future__ import annotations

from gateway.protocols.anthropic.answer_reader import AnswerReader
from gateway.protocols.anthropic.answer_writer import AnswerWriter
from gateway.protocols.anthropic.check import check_request
from gateway.protocols.anthropic.conversation import conversation
from gateway.protocols.anthropic.counting import COUNTING
from gateway.protocols.anthropic.errors import read_error, write_error
from gateway.protocols.anthropic.fields import AUTHOR, NAME
from gateway.protocols.anthropic.models import read_models, write_model, write_models
from gateway.protocols.anthropic.request_reader import read_request
from gateway.protocols.anthropic.request_writer import write_request
from gateway.protocols.anthropic.unheard import unheard
from gateway.protocols.anthropic.whole import read_answer, write_answer
from gateway.protocols.dialect import Dialect

DIALECT = Dialect(
    name=NAME,
    author=AUTHOR,
    read_request=read_request,
    check_request=check_request,
    write_request=write_request,
    answer_reader=AnswerReader,
    read_answer=read_answer,
    answer_writer=AnswerWriter,
    write_answer=write_answer,
    write_error=write_error,
    read_error=read_error,
    write_models=write_models,
    write_model=write_model,
    read_models=read_models,
    unheard=unheard,
    end=b'event: message_stop\ndata: {"type":"message_stop"}\n\n',
    markers=(
        b"message_delta",
        b"content_block_stop",
        b"message_stop",
        b'"type":"error"',
        b'"type": "error"',
        b"event: error",
    ),
    counting=COUNTING,
    opens_with_usage=True,
    conversation=conversation,
)
