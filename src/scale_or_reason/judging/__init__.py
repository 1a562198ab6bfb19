"""The jury: protocols, judge conversations, verdict parsing, the majority rule, agreement.

Takes answers; provides verdicts. Must not know scores or costs.
"""
