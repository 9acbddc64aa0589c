"""The house: imports point left, Mesa stays in the model, the words are in both languages."""

import ast
import importlib
import re
import string
from pathlib import Path

import pytest

import gridsim
from gridsim.measures import MEASURES
from gridsim.model import cases
from gridsim.model.settings import DURATIONS
from gridsim.scenario.parameters import REGISTRY
from gridsim.studies.judge import VERDICTS
from gridsim.verification.suite import all_checks
from gridsim.views.labels import catalogue, terms

PACKAGE = Path(gridsim.__file__).parent
ORDER = ["scenario", "model", "measures", "studies", "verification", "views", "app", "commands", "cli"]
# GovernanceModel.measures() is the one convenience that looks right, and only when it is called.
ALLOWED = {("model/model.py", "gridsim.measures")}


def imports(path: Path, everywhere: bool = True):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree) if everywhere else tree.body:
        if isinstance(node, ast.Import):
            yield from (a.name for a in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def layer(module: str) -> int | None:
    parts = module.split(".")
    return ORDER.index(parts[1]) if parts[0] == "gridsim" and len(parts) > 1 and parts[1] in ORDER else None


def test_imports_point_left():
    wrong = []
    for path in PACKAGE.rglob("*.py"):
        name = path.relative_to(PACKAGE).as_posix()
        here = layer("gridsim." + name.removesuffix(".py").replace("/", "."))
        for module in imports(path):
            there = layer(module)
            if here is not None and there is not None and there > here and (name, module) not in ALLOWED:
                wrong.append((name, module))
    assert wrong == []


def test_mesa_only_in_the_model_and_the_page():
    users = {
        p.relative_to(PACKAGE).parts[0]
        for p in PACKAGE.rglob("*.py")
        if any(m.split(".")[0] == "mesa" for m in imports(p))
    }
    assert users == {"model", "app"}


def test_rules_of_a_noun_never_call_another_noun():
    """Gridworkers and departments know nothing of each other; day.py passes events between them."""
    nouns = {"gridworkers", "departments", "residents"}
    for noun in nouns:
        modules = {m.rsplit(".", 1)[-1] for m in imports(PACKAGE / "model" / f"{noun}.py")}
        assert not modules & (nouns - {noun}), noun


def test_catalogue_has_both_languages_with_the_same_values():
    for key, texts in catalogue().items():
        assert set(texts) == {"en", "zh"}, key
        slots = [{f for _, f, _, _ in string.Formatter().parse(texts[lang]) if f} for lang in ("en", "zh")]
        assert slots[0] == slots[1], key
        assert re.search(r"[\u3000-\u9fff\uff00-\uffef]", texts["zh"]), key
    assert set(VERDICTS) <= set(catalogue())


def test_measures_are_complete_in_both_languages():
    assert [m.key for m in MEASURES if m.primary] == ["time_to_resolution", "backlog"]
    for m in MEASURES:
        assert m.english and re.search(r"[\u4e00-\u9fff]", m.chinese) and m.text and m.unit in terms()["units"]


def test_every_label_key_is_used_and_every_used_key_exists():
    files = [*PACKAGE.rglob("*.py"), *PACKAGE.rglob("templates/*.html")]
    source = "".join(p.read_text(encoding="utf-8") for p in files)
    made = tuple(set(re.findall(r'f"([a-z_]+_)\{', source)))  # keys put together, such as f"col_{name}"
    for key in catalogue():
        assert f'"{key}"' in source or f"'{key}'" in source or key.startswith(made) or key in VERDICTS, key
    for key in re.findall(r'(?:say|tell)\("([^"]+)"', source):
        assert key in catalogue(), key


def test_durations_cover_the_registry_and_columns_exist():
    assert set(DURATIONS) == {k for k, p in REGISTRY.items() if hasattr(p.default, "coded")}
    assert set(cases.MEASURED) <= set(cases.CASE_DTYPE.names)


def test_every_public_function_has_a_docstring():
    bare = []
    for path in PACKAGE.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        public = [n for n in tree.body if isinstance(n, ast.FunctionDef | ast.ClassDef) and not n.name.startswith("_")]
        public += [
            m
            for c in public
            if isinstance(c, ast.ClassDef)
            for m in c.body
            if isinstance(m, ast.FunctionDef) and not m.name.startswith("_")
        ]
        setters = [n for n in public if any("setter" in ast.unparse(d) for d in n.decorator_list)]
        bare += [f"{path.name}:{n.name}" for n in public if ast.get_docstring(n) is None and n not in setters]
    assert bare == []


@pytest.mark.parametrize(("script", "table"), [("mutation", "MUTANTS"), ("sabotage", "ACTS")])
def test_rules_that_are_broken_on_purpose_stand_where_they_are_looked_for(script, table, monkeypatch):
    """Each old text exactly once: else the slow scripts in experiments/ stop at the first rule that was reworded."""
    monkeypatch.syspath_prepend(str(Path(__file__).resolve().parents[1] / "experiments"))
    wrong = []
    for act in getattr(importlib.import_module(script), table):
        changes = act.changes if script == "sabotage" else [(act.file.removeprefix("gridsim/"), act.old, act.new)]
        for file, old, _ in changes:
            if (PACKAGE / file).read_text(encoding="utf-8").count(old) != 1:
                wrong.append((act.name, old))
    assert wrong == []


def test_every_check_is_named_by_an_act_of_sabotage(monkeypatch):
    """Else nobody has seen it fail."""
    monkeypatch.syspath_prepend(str(Path(__file__).resolve().parents[1] / "experiments"))
    named = {name for act in importlib.import_module("sabotage").ACTS for name in act.noticed_by}
    assert named == {check.name for check in all_checks()}
