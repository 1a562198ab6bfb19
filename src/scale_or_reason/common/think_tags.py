"""The tags around the reasoning of a model, as DeepSeek-R1 and Qwen3 write them."""

THINK_OPEN, THINK_CLOSE = "<think>", "</think>"
