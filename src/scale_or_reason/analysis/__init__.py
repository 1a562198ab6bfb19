"""The analysis: Pareto frontiers, fits, bootstrap, contrasts at equal compute, advice.

Takes tables of scores and costs; gives tables of estimates with intervals. Must not know what the papers claim.
"""
