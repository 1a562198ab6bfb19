"""Scale or reason: the science of arXiv 2509.22193 as a plain library.

Importing it imports neither torch nor vLLM: only ``training.trainer`` and ``inference`` know them.
docs/explanation/architecture.md describes the packages; imports point from later stages to earlier ones (`make lint`).
"""

__version__ = "0.1.0"
