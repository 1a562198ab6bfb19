"""The study: its config as dataclasses, model ids and their paths, stage versions.

Takes a validated config; provides the list of all models that the study trains and evaluates.
Must not know how they are made. Standard library only: every cluster job imports it through the Snakefile.
"""
