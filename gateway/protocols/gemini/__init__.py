"""Gemini's generateContent, both directions.

https://ai.google.dev/api/generate-content
"""

from __future__ import annotations

from gateway.protocols.dialect import Dialect
from gateway.protocols.gemini.answer_reader import GeminiReader
from gateway.protocols.gemini.answer_writer import GeminiWriter
from gateway.protocols.gemini.check import check_request
from gateway.protocols.gemini.conversation import conversation
from gateway.protocols.gemini.counting import COUNTING
from gateway.protocols.gemini.embedding import EMBEDDING
from gateway.protocols.gemini.errors import read_error, write_error
from gateway.protocols.gemini.models import read_models, write_model, write_models
from gateway.protocols.gemini.request_reader import read_request
from gateway.protocols.gemini.request_writer import write_request
from gateway.protocols.gemini.signatures import AUTHOR
from gateway.protocols.gemini.unheard import unheard
from gateway.protocols.gemini.whole import read_answer, write_answer

DIALECT = Dialect(
    name="gemini",
    turn="contents[]",
    part=".parts[]",
    author=AUTHOR,
    read_request=read_request,
    check_request=check_request,
    write_request=write_request,
    answer_reader=GeminiReader,
    read_answer=read_answer,
    answer_writer=GeminiWriter,
    write_answer=write_answer,
    write_error=write_error,
    read_error=read_error,
    write_models=write_models,
    write_model=write_model,
    read_models=read_models,
    unheard=unheard,
    # A trailing event may hold nothing but usage, so usageMetadata counts, though most chunks carry it.
    markers=(b'"finishReason"', b'"promptFeedback"', b'"error"', b'"functionCall"', b'"usageMetadata"'),
    counting=COUNTING,
    embedding=EMBEDDING,
    conversation=conversation,
)
