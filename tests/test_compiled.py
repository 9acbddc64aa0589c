"""Compiled and plain Python rules give the same city; the cache notices edited sources; the first run says it compiles."""

import os
import shutil
import subprocess
import sys

import numpy as np
import pytest

from gridsim.cli import main
from gridsim.model import compiled, settings, world
from gridsim.model.agenda import EVENT_DTYPE
from gridsim.model.cases import CASE_DTYPE, LATENT_DTYPE
from gridsim.model.city import COMMUNITY_DTYPE, GRID_DTYPE, PLACE_DTYPE
from gridsim.model.departments import DEPARTMENT_DTYPE, TASK_DTYPE
from gridsim.model.experts import EXPERT_DTYPE, EXPERT_LINE_DTYPE
from gridsim.model.gridworkers import WORKER_DTYPE
from gridsim.model.residents import RESIDENT_DTYPE

TINY = """
import hashlib, warnings
warnings.simplefilter("error", RuntimeWarning)
from gridsim.scenario.scenario import load_scenario
from gridsim.model.world import World
from gridsim.scenario.policies import Phase
s = load_scenario("neighbourhood").replace({
    "districts.neighbourhood.population": 900, "city.comprehensive_grids": 4, "city.dedicated_grids": 2,
    "staff.full_time": 4, "staff.part_time": 3, "time.warmup_days": 20, "arrivals.per_100_residents": 200.0,
    "linkage.stalled": {"distribution": "gamma", "mean": 30.0, "shape": 0.7},
    "experts.per_full_time": 0.6, "video.detection": 0.1, "escalation.rate": 0.1, "patrol.strategy": "hotspots",
    "follow_up.share": 0.4, "triage.automatic": 0.3, "linkage.false_whistles": 0.3, "linkage.fatigue": 1.0})
later = s.replace({"experts.per_full_time": 1.5, "experts.pool": "district", "experts.kind": "seconded",
    "handling.selectivity": 0.0, "intake.green_channel": True, "staff.full_time": 9, "dedicated.rule": "merge",
    "dedicated.kept_share": 0.5, "dedicated.staff_per_grid": 3, "patrol.strategy": "district-first"})
w = World(s, seed=3).under([Phase(10, later), Phase(25, s)]).advance(40)
frames = [w.case_frame(), w.day_frame()]
print(len(w.cases), *(hashlib.sha256(f.round(9).to_csv().encode()).hexdigest() for f in frames))
print(int(w.days.settled_by_experts.sum()), int(w.days.valid_video.sum()), int(w.days.false_whistles.sum()))
hopeless = s.replace({"rules.departments": False, "handling.ability": -60.0, "handling.max_attempts": 1,
    "experts.ability": -60.0, "arrivals.per_100_residents": 10.0, "handling.service": {
    "distribution": "deterministic", "value": 0.01}, "experts.hours_per_week": 40.0, "experts.participation": 1.0})
w = World(hopeless, seed=3).advance(250)
print(w.cases.attempts.max(), w.cases.attempts.sum(), w.cases.expert_tries.sum(), w.cases.hops.sum())
"""


def tiny_city(**environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", TINY], capture_output=True, text=True, env={**os.environ, **environment}
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def test_uncompiled_rules_give_the_same_cases():
    """Also with every lever pulled and given back, and where a case is tried for ever (small columns overflow)."""
    fast = tiny_city()
    first, second, third = (line.split() for line in fast.splitlines())
    assert int(first[0]) > 200 and all(int(n) > 0 for n in second) and int(third[0]) > 127
    assert tiny_city(NUMBA_DISABLE_JIT="1") == fast


@pytest.mark.parametrize(
    "dtype",
    [
        EVENT_DTYPE,
        CASE_DTYPE,
        LATENT_DTYPE,
        COMMUNITY_DTYPE,
        GRID_DTYPE,
        PLACE_DTYPE,
        DEPARTMENT_DTYPE,
        TASK_DTYPE,
        WORKER_DTYPE,
        EXPERT_DTYPE,
        EXPERT_LINE_DTYPE,
        RESIDENT_DTYPE,
        settings.SETTINGS_DTYPE,
        settings.CATEGORY_DTYPE,
        settings.DURATION_DTYPE,
        world.TALLY_DTYPE,
        world.DAY_DTYPE,
    ],
)
def test_no_column_hides_behind_an_attribute_of_numpy(dtype):
    taken = set(dir(np.recarray)) | set(dir(np.record))
    assert not taken & set(dtype.names)


def test_cache_folder_is_named_by_the_sources(tmp_path):
    """An edited helper gets another folder, so that old machine code can never answer."""
    assert compiled.FOLDER is None or compiled.FOLDER.name == compiled.SOURCES
    for change in ("", "# edited\n"):
        package = tmp_path / f"copy{len(change)}" / "gridsim" / "model"
        package.mkdir(parents=True)
        shutil.copy(compiled.__file__, package)
        (package / "helper.py").write_text(change)
        for folder in (package, package.parent):
            (folder / "__init__.py").touch()
    script = "from gridsim.model.compiled import SOURCES; print(SOURCES)"
    hashes = [
        subprocess.run(
            [sys.executable, "-c", script],
            cwd=tmp_path / d,
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONPATH": str(tmp_path / d)},
            check=True,
        ).stdout
        for d in ("copy0", "copy9")
    ]
    assert hashes[0] != hashes[1]


def test_users_numba_settings_stay_theirs():
    import numba

    import gridsim  # noqa: F401

    assert os.environ.get("NUMBA_CACHE_DIR", "") == numba.config.CACHE_DIR


def test_first_run_says_that_it_compiles(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "t.toml").write_text(
        'based_on = "neighbourhood"\n[time]\nwarmup_days = 1\ndays = 2\nfollow_up_days = 0\n'
    )
    for known, expected in ((False, True), (True, False)):
        monkeypatch.setattr(compiled, "is_compiled", lambda known=known: known)
        assert main(["run", "t.toml"]) == 0
        assert ("Compiling the model" in capsys.readouterr().err) is expected


def test_works_where_no_folder_can_be_written(tmp_path):
    """A read-only home and an unwritable cache folder: compiled in memory, no error."""
    script = "import gridsim.model.compiled as c; c._writable = lambda f: False; print(c._cache_folder())"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "None"
