"""What a study uses from the hub: its needs, the commits that it is locked to, the download.

Takes a checked config; gives files in the hub's cache and the content of the lock file. Must not know jobs or costs.
"""
