"""Proof: the installed version held against theory, other simulators, a second implementation, and its own promises.

Importing :mod:`gridsim.verification.suite` registers every check of the package.
"""
