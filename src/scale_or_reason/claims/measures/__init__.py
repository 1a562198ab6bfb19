"""The papers' statements as functions of a study, in a module for each section of the papers.

The text of a statement, its source and its unit are in :mod:`scale_or_reason.claims.statements`.
"""
