"""The README says only what works: its Python, its TOML, its commands' options."""

import re
import shlex
from pathlib import Path

import pytest

from gridsim.cli import build_parser, main

README = Path(__file__).resolve().parents[1] / "README.md"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README.read_text(encoding="utf-8"), re.M | re.S)


def test_python_runs(capsys):
    for code in blocks("python"):
        exec(compile(code, "README.md", "exec"), {})
    assert "backlog" in capsys.readouterr().out


def test_toml_and_its_commands_run(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "experiments").symlink_to(README.parent / "experiments")  # as in a clone
    for text in blocks("toml"):
        name = re.match(r"# (\S+\.toml)", text).group(1)
        (tmp_path / name).write_text(text, encoding="utf-8")
    commands = [line[2:].split("#")[0] for b in blocks("console") for line in b.splitlines() if line.startswith("$ ")]
    assert len(commands) >= 7
    for command in commands:
        argv = shlex.split(command)[1:]
        build_parser().parse_args(argv)  # every option exists
        if "daqing-2021" not in argv and argv[0] != "app":  # they have their own runs: in CI, and in test_app.py
            if argv[0] == "verify":
                argv += ["--list"]  # test_verify.py runs the checks
            if argv[0] in ("compare", "ladder"):
                argv += ["--replications", "2", "--days", "60"]
            if argv[0] == "study" and "--quick" not in argv:
                argv += ["--quick"]  # the whole of it takes a night
            assert main(argv) == 0, command


def test_one_screen_before_the_table_of_contents():
    lines = README.read_text(encoding="utf-8").split("[Read a result]")[0].splitlines()
    assert len(lines) <= 40


@pytest.mark.parametrize("link", re.findall(r"\]\((?!http|#)([^)]+)\)", README.read_text(encoding="utf-8")))
def test_links_lead_somewhere(link):
    assert (README.parent / link).exists()
