"""Bad input: valid files and command lines, mutated, and what a command may do with them.

A mutant is a pure function of its number. Some mutations are nonsense for certain and must be refused; some leave
a file as good as it was and must be accepted; of the rest only this is asked: a documented exit code, one clear line
for each thing wrong, no traceback. Nothing here simulates: the caller stubs that, or runs what was accepted.
"""

from __future__ import annotations

import contextlib
import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from gridsim.scenario.errors import ScenarioError
from gridsim.scenario.scenario import builtin_folder, load_scenario
from gridsim.verification import mutants
from gridsim.verification.mutants import (
    ACCEPT,
    CITY_FILE,
    EITHER,
    REFUSE,
    Mutant,
    Rng,
    mutated_bytes,
    pick,
    policies_text,
)

CODES = (0, 1, 2, 130)
FUZZ_KEY = 4
NUMERIC = ("population", "full_time", "part_time", "teams", "size", "staff", "workers")
CELLS = (  # never a number of people or teams, however one reads it
    "12人", "约1200", "=SUM(B2:B9)", "+A1", "2024-01-05", "NaN", "nan", "inf", "-3", "1e999", "1.5", "1,20", "12 34",
    "#REF!", "#N/A", "true", "一百", "0x10", "1_000", "--", "/", "∞", "1.2.3", "½", "10%", "9" * 40,
)  # fmt: skip
TOTALS = ("合计", "总计", "小计", "total", "Total", "合计：", "全市合计")
ODD_WORDS = (
    "", "-", "--", "nan", "-1", "0", "1e9", "1.5", "合计", "linkage.rate", "a+b", ",", "+", "neighbourhood", "zh",
    "\x00", "x" * 300, "raise-linkage", "city.toml", "/dev/null", "..", "9" * 30, "--lang", "%s", "{}", "no.toml", ".",
)  # fmt: skip


def mutant(k: int) -> Mutant:
    """Mutant number ``k``; its kind is ``k`` modulo the number of kinds."""
    rng = np.random.default_rng([FUZZ_KEY, k])
    return KINDS[k % len(KINDS)](rng)


# --- tables ---------------------------------------------------------------------------------------------------------

NEW = ["new", "town", "--grids", "grids.csv", "--departments", "departments.csv"]


def tables() -> dict[str, bytes]:
    """The sample tables."""
    folder = builtin_folder() / "samples"
    return {name: (folder / name).read_bytes() for name in ("grids.csv", "departments.csv")}


def table_bytes(rng: Rng) -> Mutant:
    """A table of grids or of departments after accidents."""
    files, which = tables(), pick(rng, ("grids.csv", "departments.csv"))
    return Mutant(files | {which: mutated_bytes(rng, files[which])}, NEW, EITHER, f"bytes of {which}")


def table_cell(rng: Rng) -> Mutant:
    """A number in a table that is none."""
    files, which = tables(), pick(rng, ("grids.csv", "departments.csv"))
    rows = _rows(files[which])
    column = pick(rng, [k for k, name in enumerate(rows[0]) if name in NUMERIC and name != "size"])
    filled = [r for r in rows[1:] if r[column]]
    cell = pick(rng, CELLS)
    pick(rng, filled)[column] = cell
    return Mutant(files | {which: _csv(rows)}, NEW, REFUSE, f"{which}, {rows[0][column]}: {cell}")


def table_structure(rng: Rng) -> Mutant:
    """A table with rows, columns or an encoding that are wrong, or only unusual."""
    files, which = tables(), pick(rng, ("grids.csv", "departments.csv"))
    rows = _rows(files[which])
    width, total, i = len(rows[0]), pick(rng, TOTALS), int(rng.integers(1, len(rows)))
    needed = [k for k, n in enumerate(rows[0]) if n in ("grid", "kind", "district", "field", "teams", "population")]
    k = pick(rng, needed)
    sums = ["" for _ in rows[0]]
    sums[0 if rng.random() < 0.5 else k], sums[-1] = total, "37"
    without = [[c for j, c in enumerate(r) if j != k] for r in rows]
    blank = [*rows[:i], ["" if j == k else c for j, c in enumerate(rows[i])], *rows[i + 1 :]]
    staffed = [j for j, n in enumerate(rows[0]) if n in ("full_time", "part_time", "teams")]
    nobody = [rows[0], *([("0" if c and j in staffed else c) for j, c in enumerate(r)] for r in rows[1:])]
    text = _csv(rows).decode()
    ways: list[tuple[str, str, bytes]] = [
        (f"total row {total}", REFUSE, _csv([*rows, sums])),
        ("all 0", REFUSE, _csv(nobody)),
        ("column lost", REFUSE, _csv(without)),
        ("column twice", REFUSE, _csv([[*r, r[k]] for r in rows])),
        ("row twice", REFUSE, _csv([*rows, rows[i]])),
        ("cell lost", REFUSE, _csv([*rows[:i], rows[i][1:], *rows[i + 1 :]])),
        ("cell too many", REFUSE, _csv([*rows, [*rows[i], "x"]])),
        ("no rows", REFUSE, _csv(rows[:1])),
        ("no header", REFUSE, _csv(rows[1:])),
        ("empty", REFUSE, b""),
        ("blank lines only", REFUSE, b"\n\n ,,\n"),
        ("UTF-16", REFUSE, text.encode("utf-16")),
        ("workbook", REFUSE, b"PK\x03\x04" + b"\x00" * 50),
        ("open quotation", REFUSE, text.encode() + b'"never closed'),
        ("semicolons", ACCEPT, _csv(rows, ";")),
        ("tabs", ACCEPT, _csv(rows, "\t")),
        ("GBK", ACCEPT, text.encode("gbk")),
        ("BOM", ACCEPT, text.encode("utf-8-sig")),
        ("CRLF", ACCEPT, text.replace("\n", "\r\n").encode()),
        ("blank row", ACCEPT, _csv([*rows[:i], [""] * width, *rows[i:]])),
        ("column of their own", ACCEPT, _csv([[*r, "备注" if r is rows[0] else "x"] for r in rows])),
    ]
    if rows[0][k] not in ("population", "district"):
        ways.append(("blank cell", REFUSE, _csv(blank)))
    what, expected, data = pick(rng, ways)
    return Mutant(files | {which: data}, NEW, expected, f"{which}: {what}")


def _rows(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"))))


def _csv(rows: list[list[str]], delimiter: str = ",") -> bytes:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator="\n").writerows(rows)
    return out.getvalue().encode()


# --- command lines --------------------------------------------------------------------------------------------------

WORDS: dict[str, tuple[str, ...]] = {
    "run": ("--seed", "--days", "--seeds", "--policies", "--cases", "--out", "--policy-file"),
    "compare": ("--policies", "--replications", "--jobs", "--all", "--vary", "--only", "--days", "--seed"),
    "fit": ("--rounds", "--replications", "--out", "--in-place", "--seed"),
    "new": ("--grids", "--departments", "--from", "--out", "--sample"),
    "scenarios": (),
    "policies": ("--policy-file",),
    "parameters": (),
    "measures": (),
    "costs": (),
}


def command_line(rng: Rng) -> Mutant:
    """A command with words in any order."""
    command = pick(rng, [*WORDS, "", "--version", "--help", "runs", "比较", "-"])
    words = [*WORDS.get(command, ()), "--lang", "--json"]
    argv = [command]
    for _ in range(int(rng.integers(0, 6))):
        argv.append(str(pick(rng, ODD_WORDS if rng.random() < 0.6 or not words else words)))
    files = tables() | {"city.toml": CITY_FILE.encode(), "more.toml": policies_text().encode()}
    return Mutant(files, argv, EITHER, "command line")


KINDS: tuple[Callable[[Rng], Mutant], ...] = (
    mutants.scenario_value,
    mutants.scenario_extreme,
    mutants.scenario_structure,
    mutants.scenario_text,
    mutants.scenario_bytes,
    mutants.policy_structure,
    mutants.policy_bytes,
    table_cell,
    table_structure,
    table_bytes,
    command_line,
)


# --- what a command does with it ------------------------------------------------------------------------------------


def complaints(m: Mutant, main: Callable[[list[str]], int], folder: Path) -> list[str]:
    """What a command did with a mutant that it may not do; the folder must be empty and the working folder.

    Parameters
    ----------
    main : callable
        ``gridsim.cli.main``, or what stands for it.

    """
    for name, data in m.files.items():
        (folder / name).write_bytes(data)
    out, err = io.StringIO(), io.StringIO()
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code: Any = main(m.argv)
    except SystemExit as end:
        code = end.code
    except Exception as error:
        return [f"{type(error).__name__}: {error}"[:400]]
    said = err.getvalue()
    wrong = []
    if code not in CODES:
        wrong.append(f"exit code {code!r}")
    if code == 2 and not all(line.startswith("gridsim") for line in said.strip().split("\n")):
        wrong.append(f"an error is not one line: {said[:400]!r}")
    if "Traceback" in said or "pydantic" in said or "<class" in said:
        wrong.append(f"an error speaks Python: {said[:400]!r}")
    if m.expected == REFUSE and code != 2:
        wrong.append("nonsense was accepted")
    if m.expected == ACCEPT and code != 0:
        wrong.append(f"good input was refused: {said[:400]!r}")
    return wrong


def small_enough(path: Path) -> Any:
    """The scenario of a file, if it is one and small enough to be run in a moment; else None."""
    try:
        s = load_scenario(str(path))
    except ScenarioError:
        return None
    incidents = s.population / 100 * s.arrivals.per_100_residents * s.arrivals.headroom
    grids = s.city.comprehensive_grids + s.city.dedicated_grids
    people = s.staff.full_time * (1 + s.staff.added_share) * (1 + s.experts.per_full_time) + s.staff.part_time
    fits = incidents < 50_000 and grids < 500 and people < 5_000 and s.population < 50_000
    return s if fits and sum(map(len, s.teams.values())) < 500 else None
