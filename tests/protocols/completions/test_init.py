from gateway.protocols.chat import DIALECT as CHAT
from gateway.protocols.completions import DIALECT


def test_only_the_clients_side_is_its_own() -> None:
    assert (DIALECT.name, DIALECT.author) == ("completions", "openai")
    assert DIALECT.answer_reader is CHAT.answer_reader and DIALECT.write_error is CHAT.write_error
    assert DIALECT.read_request is not CHAT.read_request and DIALECT.write_answer is not CHAT.write_answer
