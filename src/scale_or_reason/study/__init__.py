"""The study: its config as dataclasses, model ids and their paths, stage versions.

Takes a checked config; gives the list of everything that the study trains and evaluates.
Must not know how any of it is made. Standard library only: every job on a cluster imports it with the Snakefile.
"""
