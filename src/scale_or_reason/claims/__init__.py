"""The papers' statements as functions, their published numbers, and how far a study reproduces them.

Takes evidence of a study or of the papers' tables; gives findings. Must not know figures.
"""
