"""The small world: procedurally generated data for models that a laptop can train.

It has items for each of the 18 benchmarks in the hub schema of the real dataset, training prompts in the schemas of the
two prompt sources, the true answer of each question in both formats, and plain text for pre-training base students.
Everything is derived from a seed. It models the study, not the real world.
"""
