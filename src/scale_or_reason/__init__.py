"""Scale or reason: the science of arXiv 2509.22193 as a plain library.

Importing this package imports neither torch nor vLLM; only ``scale_or_reason.engines`` knows them.
"""

__version__ = "0.1.0"
