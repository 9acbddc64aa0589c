"""Snippets of a page: found, run, and – where a page asks for it – shown with what they print.

One rule for the README, for every page of the site, and for the tests of both:

- a ``toml`` or ``python`` block whose first line is ``# NAME.toml`` or ``# NAME.py`` is a file of that name;
- any other ``python`` block is a program, and is run;
- in a ``console`` block every line that begins with ``$ gridsim`` is run; what stands behind ``#`` is a remark;
- ``sh`` blocks install, build or serve; they are not run here (``.ci/run`` does what matters of them).
"""

from __future__ import annotations

import contextlib
import io
import re
import shlex
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from gridsim.cli import build_parser, main

FENCE = re.compile(r"^```(sh|console|python|toml)\n(.*?)^```$", re.M | re.S)
NAMED = re.compile(r"# (\S+\.(?:toml|py))\n")
WIDTH = 112  # of printed prose on a page
CITY = "daqing-2021"  # the whole city has its own run in CI


class Snippet(NamedTuple):
    """A fenced block: its language, its text, and the name of the file that it is, if it is one."""

    language: str
    text: str
    file: str


def snippets(markdown: str) -> list[Snippet]:
    """The fenced blocks of a page, in order."""
    found = []
    for language, text in FENCE.findall(markdown):
        named = NAMED.match(text) if language in ("python", "toml") else None
        found.append(Snippet(language, text, named[1] if named else ""))
    return found


def commands(snippet: Snippet) -> list[list[str]]:
    """Arguments of the ``gridsim`` commands of a console block."""
    lines = (line.split(" #")[0] for line in snippet.text.splitlines() if line.startswith("$ gridsim "))
    return [shlex.split(line)[2:] for line in lines] if snippet.language == "console" else []


def shortened(argv: list[str]) -> list[str] | None:
    """The same command made small, so that a page is tested in seconds; None for one that is only parsed.

    Comparisons and ladders get 2 replications of 60 days, studies are the quick ones, checks are only listed, and
    whatever takes the whole city, or waits for a browser, is not run at all.
    """
    if argv[0] == "app" or any(word.startswith(CITY) for word in argv):
        return None
    more = {
        "compare": ["--replications", "2", "--days", "60"],
        "ladder": ["--replications", "2", "--days", "60"],
        "study": ["--quick"],
        "verify": ["--list"],
    }
    return argv + [word for word in more.get(argv[0], []) if word not in argv or argv[0] != "study"]


def write_files(markdown: str, folder: Path) -> None:
    """Write the files that a page shows."""
    for snippet in snippets(markdown):
        if snippet.file:
            (folder / snippet.file).write_text(snippet.text, encoding="utf-8")


def run_page(markdown: str) -> int:
    """Run a page's snippets in the present folder, commands shortened; returns how many ran."""
    write_files(markdown, Path())
    ran = 0
    for snippet in snippets(markdown):
        for argv in commands(snippet):
            build_parser().parse_args(argv)  # every option exists
            short = shortened(argv)
            if short is not None and main(short) != 0:
                raise RuntimeError(f"gridsim {shlex.join(argv)} failed")
            ran += short is not None
        if snippet.language == "python" and not snippet.file:
            exec(compile(snippet.text, "page.py", "exec"), {})
            ran += 1
    return ran


def with_output(markdown: str) -> Iterator[str]:
    """The parts of a page, each console block followed by what its commands print when they are run as they stand."""
    write_files(markdown, Path())
    at = 0
    for found in FENCE.finditer(markdown):
        yield markdown[at : found.end()]
        at = found.end()
        block = Snippet(found[1], found[2], "")
        if printed := "".join(_printed(argv) for argv in commands(block)):
            yield f"\n\n```text\n{printed.rstrip()}\n```\n"
    yield markdown[at:]


def _printed(argv: list[str]) -> str:
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()) as err:
        if main(argv) != 0:
            raise RuntimeError(f"gridsim {shlex.join(argv)}: {err.getvalue()}")
    return "\n".join(_folded(line) for line in out.getvalue().splitlines()) + "\n"


def _folded(line: str) -> str:
    """A line of prose that fits a page; rows of tables stay as they are."""
    return (
        line if "   " in line.strip() else textwrap.fill(line, WIDTH, subsequent_indent="    ", break_on_hyphens=False)
    )
