"""gridsim: agent-based simulation of urban grid governance (网格治理), the same case under every policy.

>>> import gridsim
>>> result = gridsim.compare("neighbourhood", "raise-linkage", replications=5)   # doctest: +SKIP
>>> result.table                                                                 # doctest: +SKIP
"""

from importlib.metadata import version

from gridsim.model.model import GovernanceModel
from gridsim.scenario.policies import Policy, builtin_policies, read_policies
from gridsim.scenario.scenario import Scenario, ScenarioError, builtin_scenarios, load_scenario
from gridsim.studies.comparison import Comparison, compare

__version__ = version("gridsim")
__all__ = [
    "Comparison",
    "GovernanceModel",
    "Policy",
    "Scenario",
    "ScenarioError",
    "builtin_policies",
    "builtin_scenarios",
    "compare",
    "load_scenario",
    "read_policies",
]
