"""The Mesa face: agents, steps, collector, batch_run, no leak; deprecations are errors."""

import gc
import warnings
import weakref

import mesa
import networkx as nx
import numpy as np
import pytest

from gridsim import GovernanceModel, load_scenario
from gridsim.model.city import Grid
from gridsim.model.departments import Department
from gridsim.model.gridworkers import Gridworker
from gridsim.model.residents import Resident

SHORT = {"time__warmup_days": 30, "time__days": 40, "time__follow_up_days": 10}


@pytest.fixture(autouse=True)
def strict():
    with warnings.catch_warnings():
        warnings.simplefilter("error", FutureWarning)
        warnings.simplefilter("error", DeprecationWarning)
        yield


@pytest.fixture
def model():
    return GovernanceModel("neighbourhood", rng=5, **SHORT)


def test_step_is_a_day_and_running_ends(model):
    assert model.day == 0 and model.running
    model.step()
    assert model.day == 1
    assert model.run() is model
    assert model.day == 50 and not model.running
    model.step()  # beyond the horizon nothing moves
    assert model.day == 50
    frame = model.datacollector.get_model_vars_dataframe()
    assert len(frame) == 50 and list(frame.day) == list(range(50))
    assert list(frame.open) == list(model.daily.open.loc[0:])
    assert frame.mean_backlog.iloc[:-1].isna().all() and (frame.seed == 5).all()
    assert frame.mean_backlog.iloc[-1] == pytest.approx(model.daily.case_days.loc[0:39].sum() / 40)


def test_agents_of_every_kind_are_live_views(model):
    kinds = {Grid: 80, Gridworker: 61 + 46 + 20, Department: 16, Resident: 35_200}
    assert {k: len(model.agents_by_type[k]) for k in kinds} == kinds
    workers = model.agents_by_type[Gridworker]
    busy = workers.select(lambda w: w.is_busy)
    assert len(busy) == int((model.world.tables.worker.case >= 0).sum())
    assert workers.agg("fte", sum) == pytest.approx(float(model.world.tables.worker.fte.sum()))
    assert set(workers.groupby("role_name").groups) == {"full-time", "part-time", "chief"}
    agent = next(iter(model.agents_by_type[Department]))
    agent.teams = 7  # a view writes to the model
    assert model.world.tables.department.teams[agent.row] == 7
    grid = next(iter(model.agents_by_type[Grid]))
    assert grid.places == [0, 1] and grid.kind == "comprehensive"
    assert len({a.unique_id for a in model.agents}) == len(model.agents)


def test_residents_of_a_big_city_on_demand():
    model = GovernanceModel(
        load_scenario("neighbourhood", city__persons_per_agent=1).replace(
            {"districts.neighbourhood.population": 250_000, "time.warmup_days": 1, "time.days": 1}
        ),
        rng=1,
    )
    before = len(model.agents)
    r = model.resident(123_456)
    assert r is model.resident(123_456) and r.propensity > 0 and len(model.agents) == before + 1
    other = model.resident(0)
    assert other.unique_id != r.unique_id and model.resident(0).place == 0
    with pytest.raises(IndexError, match="250,000"):
        model.resident(250_000)


def test_same_rng_same_run_other_rng_other_run():
    a, b, c = (GovernanceModel("neighbourhood", rng=s, **SHORT).run() for s in (7, 7, 8))
    assert a.cases.equals(b.cases) and not a.cases.onset.equals(c.cases.onset)
    assert a.measures().equals(b.measures())


def test_none_draws_a_fresh_seed_and_records_it():
    a = GovernanceModel("neighbourhood", **SHORT)
    b = GovernanceModel("neighbourhood", rng=a.seed_used, **SHORT)
    assert a.cases.equals(b.cases)
    assert a.seed_used != GovernanceModel("neighbourhood", **SHORT).seed_used


def test_policies_and_bad_input():
    m = GovernanceModel("neighbourhood", "raise-linkage", rng=1, **SHORT).run()
    assert (m.world.tables.settings.linkage_rate == 0.9).all()
    for rng in (-1, 2**32, 1.5, "a", np.random.default_rng(2)):
        with pytest.raises(ValueError, match="rng: must be a whole number"):
            GovernanceModel("neighbourhood", rng=rng)
    with pytest.raises(ValueError, match="did you mean linkage.rate"):
        GovernanceModel("neighbourhood", linkage__raet=0.4)
    with pytest.raises(AttributeError, match="fixed"):
        m.scenario = load_scenario("neighbourhood")


def test_networks(model):
    model.run()
    tree = model.city_tree
    assert nx.is_arborescence(tree) and nx.dag_longest_path_length(tree) == 4
    assert sum(d["tier"] == "grid" for _, d in tree.nodes(data=True)) == 80
    assert {d["tier"] for _, d in tree.nodes(data=True) if d["centre"]} == {"city", "district", "street", "community"}
    assert model.grid_network.number_of_nodes() == 80 and nx.is_connected(model.grid_network)
    joint = model.linkage_network
    rows = model.world.cases
    pairs = sum(k * (k - 1) // 2 for k in rows.needs[(rows.linked == 1) & (rows.needs > 1)].tolist())
    assert sum(w for _, _, w in joint.edges(data="weight")) == pairs > 0


def test_users_batch_run():
    with warnings.catch_warnings():
        warnings.simplefilter("default")  # Mesa's own deprecations of batch_run are not ours
        results = mesa.batch_run(
            GovernanceModel,
            {
                "scenario": "neighbourhood",
                "linkage__rate": [0.5, 0.9],
                "time__warmup_days": 10,
                "time__days": 20,
                "time__follow_up_days": 0,
            },
            **({"rng": [1, 2]} if "rng" in mesa.batch_run.__code__.co_varnames else {"iterations": 2}),
            max_steps=100,
            number_processes=1,
            display_progress=False,
        )
    assert len(results) == 4 and {r["day"] for r in results} == {19}
    assert len({r["mean_backlog"] for r in results}) == 4 and all(r["time_to_resolution"] > 0 for r in results)
    assert {r["linkage__rate"] for r in results} == {0.5, 0.9}


def test_models_do_not_leak():
    refs = []
    for seed in range(3):
        m = GovernanceModel("neighbourhood", rng=seed, **SHORT)
        m.step()
        refs.append(weakref.ref(m))
        del m
    gc.collect()
    assert [r() for r in refs] == [None] * 3


def test_stepping_equals_running_the_engine(model):
    model.run()
    from gridsim.model.world import World

    straight = World(model.scenario, seed=5).run()
    assert np.array_equal(straight.days.tobytes(), model.world.days.tobytes())
    assert straight.cases.tobytes() == model.world.cases.tobytes()
