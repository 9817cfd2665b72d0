"""The OpenAI Responses API, both directions. https://platform.openai.com/docs/api-reference/responses"""

from __future__ import annotations

from gateway.protocols.dialect import Dialect
from gateway.protocols.openai_embeddings import EMBEDDING
from gateway.protocols.openai_errors import read_error, write_error
from gateway.protocols.openai_models import read_models, write_model, write_models
from gateway.protocols.responses.answer_reader import ResponsesReader
from gateway.protocols.responses.answer_writer import ResponsesWriter
from gateway.protocols.responses.carried import AUTHOR
from gateway.protocols.responses.check import check_request
from gateway.protocols.responses.conversation import conversation
from gateway.protocols.responses.counting import COUNTING
from gateway.protocols.responses.part_reader import OWN
from gateway.protocols.responses.request_reader import read_request
from gateway.protocols.responses.request_writer import write_request
from gateway.protocols.responses.unheard import unheard
from gateway.protocols.responses.whole import read_answer, with_choices, write_answer

DIALECT = Dialect(
    name=OWN,
    author=AUTHOR,
    read_request=read_request,
    check_request=check_request,
    write_request=write_request,
    answer_reader=ResponsesReader,
    read_answer=read_answer,
    answer_writer=ResponsesWriter,
    write_answer=write_answer,
    write_error=write_error,
    read_error=read_error,
    write_models=write_models,
    write_model=write_model,
    read_models=read_models,
    unheard=unheard,
    markers=(
        b'"response.completed"',
        b'"response.incomplete"',
        b'"response.failed"',
        b'"response.cancelled"',
        b'"error"',
        b'"usage"',
    ),
    counting=COUNTING,
    turn="input[]",
    part="",
    embedding=EMBEDDING,
    conversation=conversation,
)

__all__ = ["DIALECT", "with_choices"]
