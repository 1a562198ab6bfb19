"""Prompts, pairs, mixtures and tokens: everything that a student is trained on.

Takes rows of data sets and completions of the teacher; gives checked tables and memory-mapped tokens.
Must not know how a model is trained or evaluated.
"""
