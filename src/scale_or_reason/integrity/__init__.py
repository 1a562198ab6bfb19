"""Whether a study's files are as they were written: checksums, manifests, weights, settings.

Takes a results folder, gives findings; it must not know how a result is made.
"""
