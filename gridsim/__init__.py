"""gridsim: agent-based simulation of urban grid governance (网格治理), the same case under every policy.

The public names are imported when first used, so that ``gridsim --help`` need not wait for Mesa and pandas.
"""

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gridsim.model.changes import Intervention
    from gridsim.model.interventions import Redeployment, Storm
    from gridsim.model.model import GovernanceModel
    from gridsim.model.own_rule import own_rule
    from gridsim.model.world import World
    from gridsim.scenario.policies import Policy, builtin_policies, read_policies
    from gridsim.scenario.scenario import Scenario, ScenarioError, builtin_scenarios, load_scenario
    from gridsim.studies.baselines import Baselines, compare_baselines
    from gridsim.studies.comparison import Comparison, compare
    from gridsim.studies.fit import FitResult, fit
    from gridsim.studies.ladder import Ladder, ladder
    from gridsim.studies.ledger import Ledger
    from gridsim.studies.plan import Plan
    from gridsim.studies.runner import run_study
    from gridsim.studies.trace import Trace, trace

__version__ = version("gridsim")
__all__ = [
    "Baselines",
    "Comparison",
    "FitResult",
    "GovernanceModel",
    "Intervention",
    "Ladder",
    "Ledger",
    "Plan",
    "Policy",
    "Redeployment",
    "Scenario",
    "ScenarioError",
    "Storm",
    "Trace",
    "World",
    "builtin_policies",
    "builtin_scenarios",
    "compare",
    "compare_baselines",
    "fit",
    "ladder",
    "load_scenario",
    "own_rule",
    "read_policies",
    "run_study",
    "trace",
]
_HOME = {
    "GovernanceModel": "model.model",
    "Intervention": "model.changes",
    **dict.fromkeys(("Redeployment", "Storm"), "model.interventions"),
    "World": "model.world",
    "own_rule": "model.own_rule",
    **dict.fromkeys(("Policy", "builtin_policies", "read_policies"), "scenario.policies"),
    **dict.fromkeys(("Scenario", "ScenarioError", "builtin_scenarios", "load_scenario"), "scenario.scenario"),
    **dict.fromkeys(("Comparison", "compare"), "studies.comparison"),
    **dict.fromkeys(("Baselines", "compare_baselines"), "studies.baselines"),
    **dict.fromkeys(("FitResult", "fit"), "studies.fit"),
    **dict.fromkeys(("Ladder", "ladder"), "studies.ladder"),
    "Ledger": "studies.ledger",
    "Plan": "studies.plan",
    "run_study": "studies.runner",
    **dict.fromkeys(("Trace", "trace"), "studies.trace"),
}


def __getattr__(name: str) -> Any:
    """Import a public name from its home."""
    if name not in _HOME:
        raise AttributeError(f"module 'gridsim' has no attribute {name!r}")
    return getattr(import_module(f"gridsim.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    """Public names, for completion."""
    return sorted([*globals(), *__all__])
