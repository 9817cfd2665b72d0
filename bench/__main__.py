"""`python -m bench [--rounds N] [--seconds S] [--scenario WORD ...] [--candidate NAME ...]`"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

from bench import scale, watching
from bench.candidates import NAMES
from bench.measure import Report, measure
from bench.scenarios import SCENARIOS, Scenario
from bench.table import lines

RESULTS = Path(__file__).resolve().parent / "results"


def chosen(words: list[str]) -> list[Scenario]:
    """The scenarios whose name holds one of the words; all for none."""
    return [each for each in SCENARIOS if not words or any(word in each.name for word in words)]


def save(report: Report, folder: Path, options: dict[str, float]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / time.strftime("%Y%m%d-%H%M%S.json")
    path.write_text(json.dumps({"options": options, **report.document()}, indent=1) + "\n")
    return path


def _say(line: str) -> None:
    print(f"... {line}", file=sys.stderr, flush=True)


def main(arguments: list[str] | None = None) -> int:
    """Exit status 1 when a request failed."""
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description="Measures the gateway beside a minimal reference proxy and beside no proxy at all.",
        epilog="Scenarios: " + ", ".join([*(each.name for each in SCENARIOS), scale.NAME, watching.NAME]),
    )
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="rounds a scenario; medians are shown (3)")
    parser.add_argument("--seconds", type=float, default=0.8, metavar="S", help="seconds a candidate and round (0.8)")
    parser.add_argument(
        "--scenario", action="append", default=[], metavar="WORD", help="only scenarios with WORD in the name"
    )
    parser.add_argument("--candidate", action="append", choices=NAMES, help="only these candidates")
    parser.add_argument(
        "--results", type=Path, default=RESULTS, metavar="DIR", help="where the JSON result goes (bench/results)"
    )
    options = parser.parse_args(arguments)
    scenarios = chosen(options.scenario)
    scaling, watched = (
        not options.scenario or any(word in name for word in options.scenario) for name in (scale.NAME, watching.NAME)
    )
    if not (scenarios or scaling or watched) or options.rounds < 1 or options.seconds <= 0:
        parser.error("nothing to measure: check --scenario, --rounds and --seconds")

    try:
        report = Report({}, {})
        if scenarios:
            names = options.candidate or NAMES
            report = measure(scenarios, rounds=options.rounds, seconds=options.seconds, names=names, told=_say)
        if scaling:
            report.scale = scale.scaled(rounds=options.rounds, seconds=options.seconds, told=_say)
        found = None
        if watched and not options.candidate:
            found = watching.watching(options.rounds, options.seconds, _say)
    except RuntimeError as error:
        print(error, file=sys.stderr)
        return 1
    print("\n".join([*(lines(report) if report.figures else ()), *scale.lines(report.scale)]))
    if found is not None:
        print("\n" + "\n".join(watching.lines(found)))
    print(f"\n{save(report, options.results, {'rounds': options.rounds, 'seconds': options.seconds})}")
    return 1 if report.errors or (found is not None and found.errors) else 0


if __name__ == "__main__":
    sys.exit(main())
