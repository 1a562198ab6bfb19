"""Figures of both versions of the paper. Each module has ``table`` (what will be drawn) and ``draw`` (how)."""
