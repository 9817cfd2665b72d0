"""What every wire dialect offers to the rest of the house. A dialect is one folder ending in one `Dialect` value."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from gateway.canon.answer import Answer
from gateway.canon.dialogue import Dialogue, Loss
from gateway.canon.embedding import EmbeddingRequest, Embeddings
from gateway.canon.events import Event
from gateway.canon.fault import Fault
from gateway.canon.models import ModelInfo
from gateway.canon.profile import Profile
from gateway.protocols.conversation import Conversation
from gateway.protocols.names import NameMap


@dataclass(slots=True)
class Asked:
    """What an answer's writer must know of the request it answers.

    `model` is the name shown to the client; `include_usage` the chat dialect's streamed usage wish; `body` the
    client's own JSON for fields that are echoed (Responses); `framing` "array" is Gemini's streamed JSON array;
    `prompt_tokens` an estimate for dialects that name input tokens before the provider has; `created` unix seconds;
    `shows_thinking` False where the client asked for its text to be left out; `passed_on` where the provider's own
    bytes reach the client, and a writer is heard only after a break.
    """

    model: str
    request_id: str = ""
    include_usage: bool = False
    body: dict[str, Any] | None = None
    framing: Literal["sse", "array"] = "sse"
    prompt_tokens: int = 0
    created: int = 0
    shows_thinking: bool = True
    passed_on: bool = False


@dataclass(slots=True)
class Written:
    """A request in a dialect's own JSON, what it could not carry, and the tool names it had to change."""

    body: dict[str, Any]
    losses: list[Loss] = field(default_factory=list)
    names: NameMap | None = None


class AnswerReader(Protocol):
    """Bytes of a streamed answer in, events out; any byte split gives the same events.

    `ending` is True once the provider's finish has been seen and only usage or an end mark may follow: Finish is
    held until the end mark or `close`, so that the final usage comes before it. A stream that ends without a finish
    closes with a Failure. A malformed event is skipped (`skipped` counts them) and becomes a Failure only if no
    finish follows. The reader also works when fed only the events a `Tap` finds interesting.
    """

    ending: bool
    skipped: int

    def feed(self, data: bytes) -> list[Event]: ...

    def close(self) -> list[Event]: ...


class AnswerWriter(Protocol):
    """Events in, bytes out. Works for any legal order of events, closing with the dialect's own end.

    A Failure becomes the dialect's mid-stream error; after it nothing that looks like an end is written.
    `keepalive` is what may be sent while nothing happens, also before the first event.
    """

    keepalive: bytes
    media_type: str

    def write(self, events: Iterable[Event]) -> bytes: ...


@dataclass(slots=True, frozen=True)
class Counting:
    """Counting a prompt's tokens without an answer.

    read(body, model): the client's count request; raises Malformed. write(written, model): the body of the provider's
    count endpoint from a written request. read_count(document): the provider's number, 0 when it told none.
    write_count(tokens): for the client.
    """

    read: Callable[[dict[str, Any], str], Dialogue]
    write: Callable[[dict[str, Any], str], dict[str, Any]]
    read_count: Callable[[Any], int]
    write_count: Callable[[int], bytes]


EmbeddingOperation = Literal["embed", "embed_batch"]


@dataclass(slots=True, frozen=True)
class Embedding:
    """Embeddings. Dialects that share one value pass each other's bytes through.

    check(body), read(body): the client's request; raise Malformed. write(request, model): the provider's requests, each
    with the operation of its URL ("embed" or "embed_batch"); raises Malformed. pass_on(raw, body, model): the client's
    own bytes for a provider of the same kind. tokens(document): what an answer that passes through has used; raises
    Broken when it is none. read_answer(document): raises Broken. write_answer(embeddings, request, model): to the
    client.
    """

    check: Callable[[dict[str, Any]], None]
    read: Callable[[dict[str, Any]], EmbeddingRequest]
    write: Callable[[EmbeddingRequest, str], list[tuple[EmbeddingOperation, dict[str, Any]]]]
    pass_on: Callable[[bytes, dict[str, Any], str], tuple[EmbeddingOperation, bytes]]
    tokens: Callable[[Any], int | None]
    read_answer: Callable[[Any], Embeddings]
    write_answer: Callable[[Embeddings, EmbeddingRequest, str], bytes]


@dataclass(slots=True, frozen=True)
class Dialect:
    """One wire dialect.

    read_request(body, model=None, stream=None): the client's JSON object to a Dialogue; raises Malformed. Gemini
        takes model and stream from the URL, the others from the body.
    check_request(body): the same complaints, cheaper, for bodies that pass through untranslated; raises Malformed.
    write_request(dialogue, profile): to the provider.
    answer_reader(names): reads a provider's stream. read_answer(body, names): a provider's whole answer, raises
        fold.Broken (also for an error object inside a 200, with that error's status; for no usable content 502
        `empty_response`).
    answer_writer(asked), write_answer(answer, asked): to the client.
    write_error(fault, request_id): the JSON error document for a client. read_error(status, headers, body): a
        provider's error (any bytes, any status) to a Fault.
    write_models(models), write_model(model): the list shapes; read_models(document): a provider's list, and the
        query string of its next page or "".
    author: whose signatures are native here. markers: bytes that every event a Tap must not miss contains.
    usage_event(data): True for an event that carries nothing but usage (chat's `choices: []`); None where the
        dialect has no such event. ask_usage(raw, body): the request asking for it, None when it does already.
    end: the mark that ends a stream after its finish, which some hosts forget; b"" where the finish is the end.
    counting, embedding: None where the protocol has no such endpoint.
    unheard(dialogue, to): the client's JSON paths of fields below the top level that the writer of the dialect `to`
        cannot say.
    conversation(body): what tells the request's conversation from others; None where the protocol has no turns.
    turn, part: the client's own words for a turn and, behind it, for one part of a turn, in the paths of losses.
    opens_with_usage: a streamed answer names its input tokens in its first event (`Asked.prompt_tokens`).
    """

    name: str
    author: str
    read_request: Callable[..., Dialogue]
    check_request: Callable[[dict[str, Any]], None]
    write_request: Callable[[Dialogue, Profile], Written]
    answer_reader: Callable[[NameMap | None], AnswerReader]
    read_answer: Callable[[Any, NameMap | None], Answer]
    answer_writer: Callable[[Asked], AnswerWriter]
    write_answer: Callable[[Answer, Asked], bytes]
    write_error: Callable[[Fault, str], bytes]
    read_error: Callable[[int, Mapping[str, str], bytes], Fault]
    write_models: Callable[[list[ModelInfo]], bytes]
    write_model: Callable[[ModelInfo], bytes]
    read_models: Callable[[Any], tuple[list[ModelInfo], str]]
    markers: tuple[bytes, ...]
    unheard: Callable[[Dialogue, str], Iterable[str]]
    usage_event: Callable[[bytes], bool] | None = None
    ask_usage: Callable[[bytes, dict[str, Any]], bytes | None] | None = None
    end: bytes = b""
    counting: Counting | None = None
    embedding: Embedding | None = None
    conversation: Callable[[dict[str, Any]], Conversation] | None = None
    turn: str = "messages[]"
    part: str = ".content[]"
    opens_with_usage: bool = False
