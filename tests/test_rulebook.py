"""The rules as text: nothing compiled is left untold, every column is told, and the key table is what the code draws."""

import ast
import json
from pathlib import Path

import pytest

import gridsim
from gridsim.cli import main
from gridsim.model import draws
from gridsim.model.rulebook import CHAPTERS, functions, keys, rule_ids, rulebook, source, stream_number

MODEL = Path(gridsim.__file__).parent / "model"
DRAWERS = {"chances": 1, "duration": 1, "uniforms": 2, "draw": 0, "_normal": 0}  # which argument names the stream
FILLERS = {"draws", "city.City.draw", "city.City._normal"}  # that hand a stream on


def compiled_functions():
    for path in sorted(MODEL.glob("*.py")):
        for name, f in functions(source(f"model.{path.stem}")):
            if any(ast.unparse(d).split("(")[0] in ("rule", "entry") for d in f.decorator_list):
                yield path.stem, name, f


def drawn(f: ast.FunctionDef):
    """Streams named in the calls of a function."""
    for call in (n for n in ast.walk(f) if isinstance(n, ast.Call)):
        name = ast.unparse(call.func).rsplit(".", 1)[-1]
        if name in DRAWERS:
            yield ast.unparse(call.args[DRAWERS[name]])
        elif name == "sample":
            yield ast.unparse(call.args[5])


def test_every_compiled_rule_is_told():
    untold = [f"{m}.{name}" for m, name, f in compiled_functions() if not ast.get_docstring(f)]
    told = {(c.module, r.name) for c in rulebook() for r in c.rules}
    untold += [f"{m}.{name}" for m, name, _ in compiled_functions() if (f"model.{m}", name) not in told]
    assert untold == []


def test_functions_told_by_name_exist_and_have_a_text():
    told = {(c.module, r.name): r.text for c in rulebook() for r in c.rules}
    assert all(told[module, name] for module, names in CHAPTERS.items() for name in names)


def test_every_rule_has_a_function():
    assert rule_ids() == [f"R{i}" for i in range(1, 20)]


def test_every_column_is_told():
    """A column stands in the text below its table; a day's counts and a scenario's own numbers tell themselves."""
    told = 0
    for note in (n for c in rulebook() for n in c.notes if n.columns):
        if note.names[0] in ("DAY_DTYPE", "SETTINGS_DTYPE", "CATEGORY_DTYPE"):
            continue
        assert [c for c in note.columns if f"``{c}``" not in note.text] == [], note.names
        told += 1
    assert told == 14


def test_derived_settings_and_columns_of_a_category_are_told():
    from gridsim.model.settings import _DERIVED, CATEGORY_DTYPE

    told = {r.name: r.text for c in rulebook() for r in c.rules}
    derived = [name for name, _ in _DERIVED if name not in ("seed", "replicate")]
    assert [n for n in derived if f"``{n}``" not in told["settings_record"]] == []
    assert [n for n in CATEGORY_DTYPE.names if f"``{n}``" not in told["category_table"]] == []


def test_the_key_table_is_what_the_code_draws():
    """Stream by stream and function by function, both ways."""
    code = set()
    for path in sorted(MODEL.glob("*.py")):
        for name, f in functions(source(f"model.{path.stem}")):
            where = f"{path.stem}.{name}"
            if path.stem != "draws" and where not in FILLERS:
                code |= {(stream, where) for stream in drawn(f)}
    assert code == {(k.stream, k.function) for k in keys()}


def test_every_stream_is_in_the_key_table_and_no_two_share_a_number():
    tree = source("model.draws")
    streams = [
        n.id
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and "range" in ast.unparse(node.value)
        for n in ast.walk(node.targets[0])
        if isinstance(n, ast.Name)
    ]
    from gridsim.model.settings import DURATIONS

    numbers = {k.stream: k.number for k in keys()}
    assert set(streams) == {name for name in numbers if hasattr(draws, name)}
    assert {n for n in numbers.values() if n >= draws.DURATION} == {draws.DURATION + i for i in range(len(DURATIONS))}
    assert len(set(numbers.values())) == len(numbers)
    assert stream_number("SERVICE") == 66


def test_rules_named_in_the_key_table_are_those_of_the_function():
    ids = {f"{c.module.removeprefix('model.')}.{r.name}": set(r.ids) for c in rulebook() for r in c.rules}
    wrong = [
        k for k in keys() if k.function in ids and k.rules != "city" and not set(k.rules.split()) & ids[k.function]
    ]
    assert wrong == []


def test_command(capsys):
    assert main(["rules"]) == 0
    whole = capsys.readouterr().out
    for word in (
        "gridsim.model.day",
        "one_day(t, day, own)",
        "WORKER_DONE = 0",
        "CASE_DTYPE: onset f8",
        "The key table",
    ):
        assert word in whole
    assert "p = t.settings[0]" not in whole  # text only

    assert main(["rules", "R9"]) == 0
    part = capsys.readouterr().out
    assert "handler_of(t, g)" in part and "arise(t, day)" not in part and "gridworkers.attempt_over" in part

    assert main(["rules", "r12", "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert {k["stream"] for k in data["keys"]} == {"DEPARTMENT", "FALSE_EFFORT"}
    assert all("R12" in r["ids"] for c in data["chapters"] for r in c["rules"])

    assert main(["rules", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["chapters"]) == len(CHAPTERS)


@pytest.mark.parametrize("wrong", ["R99", "R20"])
def test_unknown_rule(wrong, capsys):
    assert main(["rules", wrong]) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"gridsim: rules: no rule '{wrong}'; did you mean R") and error.count("\n") == 1
