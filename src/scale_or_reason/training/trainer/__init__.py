"""The trainer: models loaded, trained by TRL under DeepSpeed, checkpointed and saved.

Takes a batch plan and a recipe; gives a model folder. The only package that imports torch, TRL and DeepSpeed.
"""
