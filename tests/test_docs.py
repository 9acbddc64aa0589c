"""The site says only what works: every snippet runs, every table is the code's, every file is as told."""

import json
import re
import tomllib
from pathlib import Path

import made
import pytest
import snippets

import gridsim
from gridsim.cli import main
from gridsim.model.rulebook import rule_ids
from gridsim.scenario import department_table, grid_table
from gridsim.scenario.parameters import REGISTRY
from gridsim.scenario.sheet import NO, YES

ROOT = Path(__file__).resolve().parents[1]
SITE = ROOT / "gridsim" / "docs"
PAGES = sorted(SITE.rglob("*.md"))
TEXTS = {p.relative_to(SITE / "pages").as_posix(): p.read_text(encoding="utf-8") for p in PAGES}
RULE = re.compile(r"\bR\d+\b")


@pytest.mark.parametrize("name", [n for n, text in TEXTS.items() if snippets.FENCE.search(text)])
def test_snippets_run(name, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "experiments").symlink_to(ROOT / "experiments")  # as in a clone
    for snippet in snippets.snippets(TEXTS[name]):
        if snippet.language == "toml":
            tomllib.loads(snippet.text)
            assert snippet.file, "a TOML block says on its first line which file it is"
        if snippet.language == "console":
            assert all(line.startswith("$ gridsim ") for line in snippet.text.splitlines()), "only commands, no outputs"
    if not TEXTS[name].startswith("---\noutputs: true\n"):  # whoever builds the site runs these as they stand
        snippets.run_page(TEXTS[name])


def test_shell_blocks_ask_for_extras_that_exist():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    asked = [e for text in TEXTS.values() for e in re.findall(r"pip install \"(?:\.|gridsim)\[(\w+)\]\"", text)]
    assert asked and set(asked) <= set(extras)


def test_shortened_commands_are_still_those_of_the_page():
    assert snippets.shortened(["compare", "neighbourhood"])[:2] == ["compare", "neighbourhood"]
    assert snippets.shortened(["study", "a.toml", "--quick"]) == ["study", "a.toml", "--quick"]
    assert snippets.shortened(["fit", "daqing-2021", "--in-place"]) is None
    page = "```toml\n# a.toml\nx = 1\n```\n\n```console\n$ gridsim run a.toml  # told\n```\n"
    toml, console = snippets.snippets(page)
    assert (toml.file, snippets.commands(toml)) == ("a.toml", [])
    assert snippets.commands(console) == [["run", "a.toml"]]


def test_a_snippet_that_fails_is_noticed(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RuntimeError, match="scenarios nowhere"):
        snippets.run_page("```console\n$ gridsim scenarios nowhere\n```\n")
    with pytest.raises(ZeroDivisionError):
        snippets.run_page("```python\n1 / 0\n```\n")


def test_outputs_stand_below_their_commands(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shown = "".join(snippets.with_output("before\n\n```console\n$ gridsim scenarios\n```\n\nafter\n"))
    assert shown.startswith("before\n\n```console\n$ gridsim scenarios\n```\n\n```text\n") and shown.endswith(
        "\nafter\n"
    )
    assert all(name in shown for name in gridsim.builtin_scenarios())


def test_marks_name_parts_that_exist():
    for name, text in TEXTS.items():
        assert "<!-- made" not in made.fill(text), name


def test_odd_has_every_rule_and_no_other():
    odd = TEXTS["model/odd.md"]
    assert re.findall(r"^### (R\d+) ", odd, re.M) == rule_ids() == re.findall(r"<!-- made: rule (R\d+) -->", odd)
    assert rule_ids() == [f"R{k}" for k in range(1, 20)]
    for name, text in TEXTS.items():
        assert set(RULE.findall(text)) <= set(rule_ids()), name


def test_odd_has_the_headings_of_2020():
    headings = re.findall(r"^## \d\. (.+?)(?: \{.*)?$", TEXTS["model/odd.md"], re.M)
    assert headings == [
        "Purpose and patterns",
        "Entities, state variables, and scales",
        "Process overview and scheduling",
        "Design concepts",
        "Initialization",
        "Input data",
        "Submodels",
    ]
    concepts = TEXTS["model/odd.md"].split("## 4.")[1].split("## 5.")[0]
    for concept in [
        "Basic principles",
        "Emergence",
        "Adaptation",
        "Objectives",
        "Learning",
        "Prediction",
        "Sensing",
        "Interaction",
        "Stochasticity",
        "Collectives",
        "Observation",
    ]:
        assert f"### {concept}\n" in concepts


@pytest.mark.parametrize("page", ["model/odd.md", "reference/parameters.md"])
def test_parameter_tables_are_the_registry(page):
    filled = made.fill(TEXTS[page])
    table = re.findall(r"^\| `([a-z_]+\.[a-z_0-9]+)` [^|]*\| ([^|]*) \| ([^|]*) \| ([SDABCX]) \|", filled, re.M)
    assert {key for key, *_ in table} == set(REGISTRY)
    for key, default, spread, grade in table:
        assert REGISTRY[key].grade == grade and default.endswith(REGISTRY[key].unit), key
        assert bool(spread) == (REGISTRY[key].low is not None), key


def test_command_page_has_every_option():
    from gridsim.cli import build_parser

    told = made.commands()
    parser = build_parser()
    names = next(a.choices for a in parser._actions if a.dest == "command")
    for name in names:
        part = told.split(f"## gridsim {name}\n")[1].split("\n## ")[0]
        for action in parser.command(name)._actions:
            assert all(option in part for option in action.option_strings if option not in ("-h", "--help")), name


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site") / "results"
    argv = ["compare", "neighbourhood", "--policies", "raise-linkage", "--replications", "2", "--days", "60", "--out"]
    assert main([*argv, str(folder)]) == 0
    return folder


def test_manifest_fields_are_told(results):
    told = re.findall(r"^\| `(\w+)` \|", TEXTS["reference/files.md"].split("## comparison.csv")[0], re.M)
    manifest = json.loads((results / "manifest.json").read_text(encoding="utf-8"))
    assert told == list(manifest)


def test_every_file_of_a_result_is_told(results):
    assert [p.name for p in results.iterdir() if f"`{p.name}`" not in TEXTS["guides/result.md"]] == []


@pytest.mark.parametrize(
    "file",
    ["comparison", "groups", "costs", "load", "curves", "grids", "map", "linkage", "ranking", "daily", "elements"],
)
def test_columns_are_told(results, file):
    page, head = TEXTS["reference/files.md"], (results / f"{file}.csv").read_text(encoding="utf-8-sig").splitlines()[0]
    if f"## {file}.csv" in page:
        cells = re.findall(r"^\| (`.+?`) \|", page.split(f"## {file}.csv")[1].split("\n## ")[0], re.M)
    else:
        cells = re.findall(rf"^\| `{file}.csv` \| (.*) \|$", page, re.M)
    assert set(re.findall(r"`(\w+)`", " ".join(cells))) == set(head.split(","))


@pytest.mark.parametrize(
    "file, headers", [("grids", grid_table.HEADERS), ("departments", department_table.HEADERS)], ids=["grids", "teams"]
)
def test_headings_of_a_city_are_those_that_are_read(file, headers):
    """In the page itself, not made: a reader of the repository has it before the site is built."""
    page = TEXTS["guides/city.md"].split(f"## Columns of {file}.csv\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \| ([^|]*?) \|", page, re.M)
    assert rows == [(first, ", ".join(others)) for first, *others in headers.values()]
    if file == "grids":
        for words in (*grid_table.KINDS.values(), YES, NO):
            assert all(word in page for word in words)


def test_help_of_new_names_the_page_that_lists_the_columns(capsys):
    with pytest.raises(SystemExit):
        main(["new", "--help"])
    named = re.search(r"gridsim/docs/pages/\S+?\.md", "".join(capsys.readouterr().out.split()))
    assert (
        named is not None
        and (ROOT / named[0]).is_file()
        and "Columns of grids.csv" in (ROOT / named[0]).read_text("utf-8")
    )
