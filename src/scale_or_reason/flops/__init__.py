"""FLOPs: the papers' formulas, exact counts from an architecture, the cost of each model.

Takes architectures and token counts; gives FLOPs and cost tables. Must not know engines or benchmarks.
"""
