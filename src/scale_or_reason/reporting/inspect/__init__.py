"""Inspection pages: everything that a study has about one benchmark item, or about one training prompt.

They look at what is there and make nothing: a page says what is missing and how to have it made.
"""
