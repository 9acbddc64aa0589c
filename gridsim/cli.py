"""The command ``gridsim``: compare, run, and look things up.

Exit codes: 0 done, 1 not reached (a fit or a check fails), 2 wrong input (one clear line for each thing wrong), 130
interrupted (what is finished is kept).
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NoReturn

from gridsim.commands import (
    app,
    compare,
    costs,
    fit,
    ladder,
    measures,
    new,
    parameters,
    policies,
    report,
    rules,
    run,
    scenarios,
    study,
    trace,
    verify,
)
from gridsim.commands.shared import INTERRUPTED, OK, WRONG_INPUT, spoken

# in the order of --help
COMMANDS = (
    compare,
    ladder,
    report,
    trace,
    app,
    run,
    study,
    fit,
    new,
    scenarios,
    policies,
    parameters,
    measures,
    costs,
    rules,
    verify,
)
MOST_ERRORS = 20  # lines printed of a table with many


class _Parser(argparse.ArgumentParser):
    """One line an error, with the nearest right name, and exit code 2."""

    lang = "en"  # of errors; what was typed says it before anything is parsed

    def error(self, message: str) -> NoReturn:
        """Say what is wrong in one line and exit."""
        from gridsim.scenario.scenario import nearest
        from gridsim.views.errors import error_line

        if "invalid choice: '" in message:
            word = message.split("invalid choice: '")[1].split("'")[0]
            choices = [c.strip(" '") for c in message.split("choose from ")[1].rstrip(")").split(",")]
            message = f"no command or choice {word!r}{nearest(word, choices) or '.'} Allowed are {', '.join(choices)}"
        elif message.startswith("unrecognized arguments: "):
            word = next(iter(message.removeprefix("unrecognized arguments: ").split()), "''")  # it may be empty
            known = [o for a in self._actions for o in a.option_strings]
            message = f"unknown {'option' if word.startswith('-') else 'argument'} {word}{nearest(word, known)}"
        self.exit(WRONG_INPUT, f"{self.prog}: {error_line(message, self.lang)}\n")

    def speak(self, lang: str) -> None:
        """Say errors of this parser and of its commands in a language."""
        self.lang = lang
        for a in self._actions:
            for sub in a.choices.values() if isinstance(a, argparse._SubParsersAction) else ():
                sub.lang = lang

    def command(self, name: str) -> argparse.ArgumentParser:
        """The parser of one command."""
        return next(a.choices[name] for a in self._actions if isinstance(a, argparse._SubParsersAction))


def build_parser() -> _Parser:
    """The command line as an argparse parser."""
    import gridsim

    parser = _Parser(
        prog="gridsim",
        description="Simulate urban grid governance (网格治理): the same case under every policy.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"gridsim {gridsim.__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND", parser_class=_Parser)

    def add(
        name: str, text: str, run: Callable[[argparse.Namespace], int], languages: Sequence[str] = ("en", "zh")
    ) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text, allow_abbrev=False)
        sub.set_defaults(run=run)
        sub.add_argument("--lang", choices=languages, default="en", help="language (语言)")
        sub.add_argument("--json", action="store_true", help="print JSON instead of text")
        return sub

    for command in COMMANDS:
        command.define(add)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit code."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    from gridsim.scenario.scenario import ScenarioError

    lang, stopped = "en", "stopped"
    try:
        parser = build_parser()
        parser.speak(_asked(sys.argv[1:] if argv is None else argv))
        arguments, extra = parser.parse_known_args(argv)
        if extra:  # let the command itself say which of its options was meant
            parser.command(arguments.command).error(f"unrecognized arguments: {' '.join(extra)}")
        lang = spoken(arguments.lang)[0]
        stopped = "nothing_kept" if arguments.command in ("compare", "ladder") else stopped
        return int(arguments.run(arguments))
    except ScenarioError as error:
        _complain(error.errors, lang)
        return WRONG_INPUT
    except KeyboardInterrupt:
        from gridsim.views.labels import say

        print(f"gridsim: {say(stopped, lang)}", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # the reader of a pipe has gone, as in `gridsim parameters | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK


def _asked(argv: Sequence[str]) -> str:
    """The language of messages that a command line asks for, whatever else is wrong with it."""
    return "zh" if "--lang=zh" in argv or ("--lang", "zh") in pairwise(argv) else "en"


def _complain(errors: list[str], lang: str) -> None:
    from gridsim.views.errors import error_line
    from gridsim.views.labels import say

    for line in errors[:MOST_ERRORS]:
        print(f"gridsim: {error_line(line, lang)}", file=sys.stderr)
    if len(errors) > MOST_ERRORS:
        print(f"gridsim: {say('more_errors', lang, n=len(errors) - MOST_ERRORS)}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
