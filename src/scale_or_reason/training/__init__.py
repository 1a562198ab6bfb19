"""What an optimizer step holds: sequences, packing, schedule, chat templates, the learning-rate search.

Takes tokens and a recipe; gives batch plans and, in ``trainer``, models. ``trainer`` alone imports torch, TRL and
DeepSpeed. Must not know benchmarks or judges.
"""
