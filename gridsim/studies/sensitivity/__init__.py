"""Sensitivity analysis (灵敏度分析): which of the numbers that nobody knows move an outcome, or the effect of a policy.

``factors`` maps the unit interval to parameters, ``spec`` draws the design with SALib, ``indices`` reads it with SALib,
``noise`` tells luck from parameters, ``converged`` says whether the sample is large enough, ``design`` is the table
``[design]`` of a study file.

**The dummy.** Under common random numbers a factor that does nothing has an index of exactly nothing, which says
nothing about noise. Our dummy (虚拟因子) is a factor that sets nothing in the city and only draws all luck anew, as
another key of all draws. Baseline and policy at a point keep the luck. With Morris and Sobol, in which a factor moves
alone, so does every other factor: there the dummy's index is what luck alone reaches at the study's number of
replications; its total Sobol index is v / (v + R·V) with v the variance within a point, V that between points and R
replications. What a factor does below that is measured, and is not noise. The other methods give every point luck of
its own: there the dummy explains nothing, and its index is what the estimator makes of that in such a sample.
"""
