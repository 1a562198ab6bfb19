"""Scores: outcomes of single answers, accuracies, family means, answer lengths, evidence for the analysis.

Takes answers and verdicts; provides tidy tables. Must not know frontiers or the papers' claims.
"""
