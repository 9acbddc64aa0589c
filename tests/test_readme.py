"""The README says only what works, in English and in Chinese: its Python, its TOML, its commands, its links."""

import re
import tomllib
from pathlib import Path

import pytest
import snippets

from gridsim.measures import MEASURES
from gridsim.scenario.parameters import REGISTRY
from gridsim.views.labels import catalogue, terms

ROOT = Path(__file__).resolve().parents[1]
TEXTS = {name: (ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "README.zh.md")}
CONTENTS = "[Run it](#run-it)"
TWO_CLICKS = {
    "README.md": ["Run it", "Read a result", "Change a parameter", "Add a policy", "Put in your own city"],
    "README.zh.md": ["运行", "读懂结果", "修改参数", "添加政策", "换成自己的城市"],
}


@pytest.mark.parametrize("name", TEXTS)
def test_snippets_run(name, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert snippets.run_page(TEXTS[name]) >= 4
    if name == "README.md":
        assert "backlog" in capsys.readouterr().out


def test_both_begin_with_the_same_commands():
    english, chinese = (
        [s.text.split("#")[0].strip() for s in snippets.snippets(text) if s.language == "sh"] for text in TEXTS.values()
    )
    assert english == chinese and len(english) == 2


def test_chinese_terms_are_those_of_the_program():
    known = [terms()["choices"][k] for k in ("comprehensive", "dedicated")]
    known += [terms()["per"][k] for k in ("full_time", "part_time", "department")]
    known += [m.chinese for m in MEASURES if m.primary] + [REGISTRY["linkage.rate"].chinese]
    verdicts = ("better", "worse", "higher", "lower", "too small to matter", "not confirmed", "no clear difference")
    known += [catalogue()[k]["zh"] for k in verdicts]
    assert [word for word in known if word not in TEXTS["README.zh.md"]] == []


def test_one_screen_before_the_table_of_contents():
    lines = TEXTS["README.md"].split(CONTENTS)[0].splitlines()
    assert len(lines) <= 40


@pytest.mark.parametrize("name", TEXTS)
def test_two_clicks_lead_to_what_a_newcomer_wants(name):
    """The first to the section, the second to its guide."""
    text = TEXTS[name]
    for title in TWO_CLICKS[name]:
        assert f"[{title}](#{title.lower().replace(' ', '-')})" in text
        section = text.split(f"\n## {title}\n")[1].split("\n## ")[0]
        assert re.search(r"\]\(gridsim/docs/pages/guides/\w+\.md[#)]", section), title


def _links(name: str) -> list[tuple[str, str]]:
    return [(name, link) for link in re.findall(r"\]\((?!http)([^)]+)\)", TEXTS[name])]


@pytest.mark.parametrize("name, link", [pair for name in TEXTS for pair in _links(name)])
def test_links_lead_somewhere(name, link):
    path, _, anchor = link.partition("#")
    target = ROOT / (path or name)
    assert target.exists()
    if anchor:
        titles = re.findall(r"^#+ (.+)$", target.read_text(encoding="utf-8"), re.M)
        assert anchor in [re.sub(r"[^\w\- ]", "", t.lower()).replace(" ", "-") for t in titles]


def test_python_of_the_readme_is_that_of_its_guide():
    """One text in two places: the same to the letter."""
    guide = (ROOT / "gridsim/docs/pages/guides/python.md").read_text(encoding="utf-8")
    for snippet in snippets.snippets(TEXTS["README.md"]):
        if snippet.language == "python":
            assert snippet.text in guide


def test_toml_parses():
    for text in TEXTS.values():
        for snippet in snippets.snippets(text):
            if snippet.language == "toml":
                assert snippet.file and tomllib.loads(snippet.text)
