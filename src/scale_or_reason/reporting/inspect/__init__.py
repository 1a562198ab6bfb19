"""Trails: everything that a study has about one item of a benchmark, or about one training prompt, on one page.

They look at what is there and make nothing: a page says what is missing and how to have it made.
"""
