"""What programs read about the project: versions in step, metadata complete, a lock that holds what is needed."""

import datetime
import json
import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import gridsim

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
CODEMETA = json.loads((ROOT / "codemeta.json").read_text(encoding="utf-8"))
LOCK = (ROOT / "experiments" / "requirements-lock.txt").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def cff():
    yaml = pytest.importorskip("yaml")
    return yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))


def test_versions_are_in_step(cff):
    """The top release of the changelog may have unreleased changes above it."""
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    release = re.search(r"^## (\d\S*)", changes, re.M)[1]
    assert {gridsim.__version__, CODEMETA["version"], cff["version"], release} == {PROJECT["version"]}


def test_citation_is_valid(cff):
    """What version 1.2.0 of the schema requires, the types it allows, and no key it does not know."""
    assert cff["cff-version"] == "1.2.0" and cff["type"] == "software"
    assert cff["message"] and cff["title"] and cff["authors"]
    assert all(
        set(a) <= {"name", "given-names", "family-names", "orcid", "affiliation", "email"} for a in cff["authors"]
    )
    assert isinstance(cff["date-released"], datetime.date)
    assert all(isinstance(k, str) for k in cff["keywords"]) and len(set(cff["keywords"])) == len(cff["keywords"])
    known = (
        "abstract authors cff-version commit contact date-released doi identifiers keywords license license-url message "
        "preferred-citation references repository repository-artifact repository-code title type url version"
    )
    assert set(cff) <= set(known.split())


def test_metadata_say_the_same(cff):
    assert cff["license"] == PROJECT["license"] == CODEMETA["license"].rsplit("/", 1)[1]
    assert str(cff["date-released"]) == CODEMETA["datePublished"]
    assert CODEMETA["name"] == PROJECT["name"] and CODEMETA["description"] == PROJECT["description"]
    assert CODEMETA["keywords"] == PROJECT["keywords"] and set(cff["keywords"]) <= set(PROJECT["keywords"])
    assert CODEMETA["softwareRequirements"] == PROJECT["dependencies"]
    assert CODEMETA["programmingLanguage"][0]["version"] == PROJECT["requires-python"]
    names = [[a["name"] for a in authors] for authors in (cff["authors"], PROJECT["authors"], CODEMETA["author"])]
    assert names[0] == names[1] == names[2]


def test_codemeta_names_its_vocabulary():
    assert CODEMETA["@context"] == "https://w3id.org/codemeta/3.0" and CODEMETA["@type"] == "SoftwareSourceCode"


def test_lock_pins_whatever_is_needed():
    pinned = dict(re.findall(r"^([\w.-]+)==(\S+) --hash=sha256:[0-9a-f]{64}$", LOCK, re.M))
    assert len(pinned) == sum(not line.startswith("#") for line in LOCK.splitlines()), "every line is a pin with a hash"
    pinned = {canonicalize_name(name): version for name, version in pinned.items()}
    for wanted in map(Requirement, PROJECT["dependencies"]):
        assert wanted.specifier.contains(pinned[canonicalize_name(wanted.name)]), wanted
    assert PROJECT["version"] in LOCK.splitlines()[0] and "://" not in LOCK
