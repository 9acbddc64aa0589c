"""gridsim: agent-based simulation of urban grid governance (网格治理), the same case under every policy."""
