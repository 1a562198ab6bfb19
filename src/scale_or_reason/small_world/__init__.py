"""The small world: a procedurally generated universe small enough for models that a laptop can train.

It has questions for each of the 18 benchmarks, written in the exact hub schema of the real dataset, training
questions in the schema of the two prompt sources, the true answer of each question in both formats, and plain text
to pre-train base students on. Everything follows from a seed. It is a model of the study, not of the world.
"""
