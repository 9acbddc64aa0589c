"""Proof: the installed version held against theory, other simulators, a second implementation, and its own promises."""
