"""The notebooks as they lie in git: valid, without outputs, complete; the sheet of ten cases against a pen.

That they run is held by ``pytest --nbmake notebooks`` (see .ci/run).
"""

import re
import sys
from pathlib import Path

import nbformat
import numpy as np
import pytest

FOLDER = Path(__file__).resolve().parents[1] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
PAGES = [*NOTEBOOKS, *sorted(FOLDER.glob("*.md"))]


def text_of(path: Path) -> str:
    """All prose of a notebook or page."""
    if path.suffix == ".md":
        return path.read_text(encoding="utf-8")
    return "\n\n".join(c.source for c in nbformat.read(path, 4).cells if c.cell_type == "markdown")


def anchor(heading: str) -> str:
    """The anchor that Markdown gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def anchors(path: Path) -> set[str]:
    return {anchor(h) for h in re.findall(r"^#+ (.*)$", text_of(path), re.M)}


def test_there_are_seven():
    assert [p.name[:2] for p in NOTEBOOKS] == [f"0{k}" for k in range(1, 8)]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_a_notebook_is_valid_and_stripped(path):
    book = nbformat.read(path, as_version=nbformat.NO_CONVERT)
    nbformat.validate(book)
    assert book.metadata.kernelspec.name == "python3"
    assert set(book.metadata) <= {"kernelspec", "language_info"} and set(book.metadata.language_info) == {"name"}
    for cell in book.cells:
        if cell.cell_type == "code":
            assert cell.outputs == [] and cell.execution_count is None


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_a_lesson_has_its_parts(path):
    """Goals, a summary in Chinese, a prediction before the result, questions, a misconception, exercises, checks."""
    text, cells = text_of(path), nbformat.read(path, 4).cells
    for part in ("**What you learn**", "中文提要", "## Predict first", "**Question 1.**", "**A common mistake.**"):
        assert part in text, part
    assert "## Exercises" in text and "## Check yourself" in text
    assert cells[-1].source.count("assert ") >= 3 and cells[-1].metadata.jupyter.source_hidden
    number, title = path.stem.split("-", 1)
    key = text_of(FOLDER / "answers.md").split(f"\n## {int(number)} ")[1].split("\n## ")[0]
    assert anchor(key.splitlines()[0]) == title and f"({path.name})" in key
    asked = set(re.findall(r"\*\*(Question \d+)\.\*\*", text))
    assert asked == set(re.findall(r"\*\*(Question \d+)\.", key)), "questions and answers"


@pytest.mark.parametrize("path", PAGES, ids=lambda p: p.name)
def test_links_lead_somewhere(path):
    for link in re.findall(r"\]\((?!http)([^)\s]+)\)", text_of(path)):
        name, _, place = link.partition("#")
        target = (path.parent / name).resolve() if name else path
        assert target.exists(), link
        assert not place or place in anchors(target), link


# --- ten cases by hand ------------------------------------------------------------------------------------------------

# Worked out with a pencil before the engine was asked: day 0 is a Monday, hours of the clock.
MON, TUE, WED = 0, 24, 48
BY_HAND = {
    "today": [MON + 11, MON + 13, TUE + 9.5, MON + 15, MON + 14.5, MON + 17, WED + 12.5, TUE + 11, WED + 13, TUE + 14],
    "linked": [MON + 11, MON + 13, MON + 14, MON + 15, MON + 17, MON + 17, TUE + 12, TUE + 11, TUE + 14, TUE + 14],
    "linked, at a price": [
        *(MON + 11, MON + 13, MON + 15, MON + 15, TUE + 11, MON + 17, TUE + 15, TUE + 11, TUE + 15.5, TUE + 14)
    ],
}
MEAN = {"today": 13.55, "linked": 7.1, "linked, at a price": 9.45}


@pytest.fixture(scope="module")
def sheet():
    sys.path.insert(0, str(FOLDER))
    try:
        import ten_cases

        yield ten_cases
    finally:
        sys.path.remove(str(FOLDER))


@pytest.mark.parametrize("world", BY_HAND)
def test_the_engine_solves_the_sheet_as_a_pen_does(sheet, world):
    answer = sheet.answer(world)
    assert answer.done * 24 == pytest.approx(BY_HAND[world])
    assert answer.hours.mean() == pytest.approx(MEAN[world])


def test_the_solution_says_what_the_pen_found(sheet, tmp_path):
    pages = {p.name: p.read_text(encoding="utf-8") for p in sheet.main(tmp_path)}
    assert set(pages) == {f"ten-cases{s}{lang}.html" for s in ("", "-solution") for lang in ("", "-zh")}
    today, linked = sheet.answer("today"), sheet.answer("linked")
    assert today.open_at(sheet.MONDAY) == [3, 7, 8] and linked.open_at(sheet.TUESDAY) == []
    assert np.flatnonzero(linked.hours > today.hours + 0.01).tolist() == [4]  # case 5 waits longer
    solution = pages["ten-cases-solution.html"]
    for told in ("13.55</b>", "7.10</b>", "4.25</b>", "4.00</b>", "<b>Case 5.</b>", "7.81 h", "<b>9.45 h</b>"):
        assert told in solution, told
    assert "13.55" not in pages["ten-cases.html"] and 'class=" work' not in pages["ten-cases.html"]
    assert "吹哨" in pages["ten-cases-zh.html"]
