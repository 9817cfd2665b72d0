"""docs/parameters.md, from what the wire said."""

from __future__ import annotations

from pathlib import Path

from tests.contract.parameters.parameter import Parameter
from tests.contract.parameters.probe import MODELS, PARAMETERS, Prober

FILE = Path(__file__).parents[3] / "docs" / "parameters.md"
TITLES = {
    "chat": "Clients of Chat Completions",
    "responses": "Clients of Responses",
    "anthropic": "Clients of Anthropic Messages",
    "gemini": "Clients of Gemini",
}
Outcomes = dict[tuple[str, str, str], str]
"""(client's protocol, parameter, provider's protocol): see Found.outcome."""
HEAD = """\
# Which parameter reaches which provider

Written by `python -m tests.contract.parameters --write` from what reached a provider; the test suite fails when this
page says something else than the wire. Every row was asked with the parameter and without it, in each pair of
protocols.

- A path in `code`: where it stands in the provider's request. "(in part)": the rest of it is reported.
- *reported*: the provider cannot be told; the answer's `X-Gateway-Lossy` names it, and with `strict = true` the request
  is a 400, unless the parameter only keeps books.
- A footnote: the gateway does it itself, or the answer is the same without it.
- *400*: refused with a sentence that says why.

A client and a provider of the same protocol are not in the tables: there the request goes on as it is, byte for byte.
Models refuse parameters of their own accord (a reasoning model takes no `temperature`); what the gateway knows of that
it leaves out and reports the same way. Asked were:
{models}.
"""


def outcomes(prober: Prober) -> Outcomes:
    return {
        (protocol, parameter.name, provider): prober.probe(protocol, parameter, provider).outcome(parameter)
        for protocol, parameters in PARAMETERS.items()
        for parameter in parameters
        for provider in MODELS
    }


def rendered(found: Outcomes) -> str:
    models = ", ".join(f"{model.rpartition('/')[2]} ({dialect})" for dialect, model in MODELS.items())
    return "\n".join([HEAD.format(models=models), *(_part(protocol, found) for protocol in PARAMETERS)])


def _part(protocol: str, found: Outcomes) -> str:
    others = [each for each in MODELS if each != protocol]
    lines = [f"## {TITLES[protocol]}", "", f"| parameter | {' | '.join(others)} |", "|---" * (len(others) + 1) + "|"]
    notes: list[str] = []
    for parameter in PARAMETERS[protocol]:
        cells = [_cell(parameter, found[protocol, parameter.name, each], notes) for each in others]
        lines.append(f"| `{parameter.name}` | {' | '.join(cells)} |")
    lines += ["", *(f"{number}. {note}" for number, note in enumerate(notes, 1)), ""]
    return "\n".join(lines)


def _cell(parameter: Parameter, outcome: str, notes: list[str]) -> str:
    if outcome not in ("gateway", "needless"):
        return f"*{outcome}*" if outcome in ("reported", "400") else outcome
    note = f"The gateway {parameter.gateway}." if outcome == "gateway" else f"{parameter.needless.capitalize()}."
    if note not in notes:
        notes.append(note)
    return f"[{notes.index(note) + 1}]"
