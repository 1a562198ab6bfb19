"""Inspection pages: all results of a study for one benchmark item or one training prompt.

They read existing files only; a page lists missing results and the command that creates them.
"""
