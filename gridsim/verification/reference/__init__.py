"""A second mind: the rules of gridsim told once more, in plain Python, from their texts and not from their code.

Objects and ``heapq`` instead of record tables, whole numbers instead of compiled draws. Only the state of the city
before its first day comes from the engine (places, grids, people, experts, teams); queues, cases, accounts and times
are its own. Where both agree case by case, a text and a code that were written apart say the same.
"""

from gridsim.verification.reference.comparison import disagreements, same_city
from gridsim.verification.reference.mind import Mind, simulate

__all__ = ["Mind", "disagreements", "same_city", "simulate"]
