"""The trainer: loads models, trains them with TRL and DeepSpeed, writes checkpoints, saves the result.

Takes a batch plan and a recipe; provides a model folder. The only package that imports torch, TRL and DeepSpeed.
"""
