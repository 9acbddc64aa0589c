"""A table as people bring it, a CSV file: its encoding, its headers in two languages, its numbers; errors name the row.

Rows are counted as a spreadsheet shows them: the header is row 1.
"""

from __future__ import annotations

import csv
import difflib
import io
import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gridsim.scenario.errors import ScenarioError, nearest

MAGIC = {  # what a planner may send instead of a CSV file
    b"PK\x03\x04": "an Excel workbook",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"%PDF": "a PDF file",
    b"\xff\xfe": "UTF-16 text",
    b"\xfe\xff": "UTF-16 text",
}
SAVE_AS = "save it as CSV in UTF-8 or GBK"
YES = ("yes", "y", "true", "1", "是", "城区", "城市")
NO = ("no", "n", "false", "0", "否", "农村", "乡村")
TOTAL = re.compile(r".*(合计|总计|小计|共计|总和)|(.* |sub-?)?totals?|sum")  # what a spreadsheet writes under a column
ALIKE = 0.7  # a header this like a column's name is a slip; one less like it is a column of the planner's own


@dataclass
class Sheet:
    """Cells of a table by row and column, and what was wrong with it so far.

    Attributes
    ----------
    where : str
        File (and part) that error lines name.
    unit : str
        What a row is called in them.
    headers : dict of str to str
        Column and its name as written, for those present.
    rows : list of (int, dict of str to str)
        Number of the row, and its cells that are not blank.
    ignored : list of str
        Headers that are no column of ours.
    errors : list of str
        One clear line each.

    """

    where: str
    unit: str = "row"
    headers: dict[str, str] = field(default_factory=dict)
    rows: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def wrong(self, row: int, column: str, text: str) -> None:
        """Note what is wrong in a cell."""
        self.errors.append(f"{self.where}: {self.unit} {row}, {self.headers.get(column, column)}: {text}")

    def whole(self, row: int, column: str, cell: str, least: int, most: int) -> int | None:
        """A whole number such as 1200 or 1,200, or None and an error."""
        value = plain_number(cell)
        if value is None or value != math.floor(value) or not least <= value <= most:
            self.wrong(row, column, f"must be a whole number from {least:,} to {most:,} (got {cell!r})")
            return None
        return int(value)

    def number(self, row: int, column: str, cell: str, least: float, most: float) -> float | None:
        """A number, or None and an error."""
        value = plain_number(cell)
        if value is None or not least <= value <= most:
            self.wrong(row, column, f"must be a number from {least:,g} to {most:,g} (got {cell!r})")
            return None
        return value

    def choice(self, row: int, column: str, cell: str, words: Mapping[Any, Sequence[str]]) -> Any:
        """The value one of whose words the cell is, or None and an error."""
        word = plain(cell)
        for value, names in words.items():
            if word in names:
                return value
        known = [n for names in words.values() for n in names]
        self.wrong(row, column, f"must be one of {', '.join(known)} (got {cell!r}){nearest(word, known)}")
        return None


def plain(text: str) -> str:
    """A word without the accidents of typing: full-width letters, capitals, blanks."""
    return unicodedata.normalize("NFKC", text).strip().lower()


def plain_number(cell: str) -> float | None:
    """``1200``, ``1,200``, ``-3.5`` or ``１２００`` as a number; None for anything else."""
    text = plain(cell)
    if re.fullmatch(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?", text):
        text = text.replace(",", "")
    return float(text) if re.fullmatch(r"[+-]?\d{1,15}(\.\d+)?(e[+-]?\d{1,2})?", text) else None


def read_sheet(path: Path, columns: Mapping[str, Sequence[str]], required: Sequence[str]) -> Sheet:
    """Read a CSV file; what is wrong with its header or the length of its rows stands in ``errors``.

    Parameters
    ----------
    columns : mapping of column to names
        Names that a header may give it, the preferred one first.
    required : sequence of str
        Columns without which it is not the table asked for.

    Raises
    ------
    ScenarioError
        When it cannot be read as a table at all.

    """
    sheet = Sheet(path.name)
    records = _records(path)
    header = [h.strip() for h in records[0]]
    places = _places(sheet, header, columns, required)
    for number, record in enumerate(records[1:], start=2):
        cells = [c.strip() for c in record]
        if not any(cells):
            continue
        if len(cells) != len(header):  # never guessed: 1,200 without quotation marks is two cells
            sheet.errors.append(
                f"{sheet.where}: row {number}: has {len(cells)} cells, but the header has {len(header)}; "
                "a cell that holds a comma must stand in quotation marks"
            )
            continue
        total = next((c for c in cells if TOTAL.fullmatch(plain(c).rstrip(":"))), None)
        if total:
            sheet.errors.append(f"{sheet.where}: row {number}: {total!r} is a total; leave the row out")
            continue
        sheet.rows.append((number, {c: cells[k] for c, k in places.items() if cells[k]}))
    if not sheet.rows and not sheet.errors:
        sheet.errors.append(f"{sheet.where}: has a header but no rows")
    return sheet


def _records(path: Path) -> list[list[str]]:
    text = _text(path)
    first = text.split("\n", 1)[0]
    delimiter = max((",", "\t", ";"), key=first.count)
    records: list[list[str]] = []
    try:
        records.extend(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise ScenarioError([f"{path.name}: row {len(records) + 1}: is not valid CSV: {error}"]) from None
    if not records or not any(c.strip() for c in records[0]):
        raise ScenarioError([f"{path.name}: is empty; the first row must name the columns"])
    return records


def _text(path: Path) -> str:
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise ScenarioError([f"{path}: no such file"]) from None
    except OSError as error:
        raise ScenarioError([f"{path}: cannot be read: {error.strerror}"]) from None
    for magic, kind in MAGIC.items():
        if raw.startswith(magic):
            raise ScenarioError([f"{path.name}: is {kind}; {SAVE_AS}"])
    for encoding in ("utf-8-sig", "gb18030"):  # GB 18030 holds all of GBK, which Excel in China writes
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if not re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", text):
            return text
    raise ScenarioError([f"{path.name}: is not text in UTF-8 or GBK; {SAVE_AS}"])


def _header_word(text: str) -> str:
    """A header as it is compared: ``Full-time (persons)`` is ``full_time``."""
    return re.sub(r"[\s-]+", "_", re.sub(r"\s*\(.*\)$", "", plain(text)))


def _places(
    sheet: Sheet, header: list[str], columns: Mapping[str, Sequence[str]], required: Sequence[str]
) -> dict[str, int]:
    """Where each column stands in the header."""
    known = {alias: c for c, aliases in columns.items() for alias in aliases}
    places: dict[str, int] = {}
    suspected: set[str] = set()
    strangers: list[str] = []
    for k, title in enumerate(header):
        column = known.get(_header_word(title))
        if column is None:
            strangers.append(title)
        elif column in places:
            sheet.errors.append(
                f"{sheet.where}: row 1, {title}: names the same column as {header[places[column]]!r}; keep one of them"
            )
        else:
            places[column] = k
            sheet.headers[column] = title
    for title in strangers:
        free = [alias for alias, c in known.items() if c not in places]
        close = difflib.get_close_matches(_header_word(title), free, n=1, cutoff=ALIKE)
        if close:
            suspected.add(known[close[0]])
            sheet.errors.append(f"{sheet.where}: row 1, {title}: unknown column; did you mean {close[0]}?")
        elif title:
            sheet.ignored.append(title)
    there = ", ".join(filter(None, header))
    sheet.errors += [
        f"{sheet.where}: row 1: column {' ('.join(columns[c][:2])}) is missing; the columns are {there}"
        for c in required
        if c not in places and c not in suspected
    ]
    return places
