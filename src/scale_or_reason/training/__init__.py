"""Training: sequences, packing, learning-rate schedule, chat templates, the learning-rate search.

Takes tokens and a recipe; provides batch plans and, in ``trainer``, models. ``trainer`` alone imports torch, TRL and
DeepSpeed. Must not know benchmarks or judges.
"""
