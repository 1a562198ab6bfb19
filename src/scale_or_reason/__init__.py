"""Scale or reason: the science of arXiv 2509.22193 as a plain library.

Importing it imports neither torch nor vLLM: only ``training.trainer`` and ``inference`` know them.
docs/architecture.md draws the packages; an import points from a later stage to an earlier one (`make lint`).
"""

__version__ = "0.1.0"
