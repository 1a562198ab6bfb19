"""Seeds are hashes of (study seed, stage, item); no global state is used.

Our own, since numpy's ``SeedSequence`` takes numbers only, and stages and items have names.
"""

from __future__ import annotations

import hashlib


def derive_seed(*parts: str | int) -> int:
    """A seed in [0, 2**31) that depends only on the parts and their order.

    >>> derive_seed(0, "mixture", "general") == derive_seed(0, "mixture", "general")
    True
    """
    text = "\x1f".join(str(part) for part in parts)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") >> 1


def stable_id(*parts: str | int) -> str:
    """A 16-digit hexadecimal identifier of the parts; equal parts give the same id on every machine."""
    text = "\x1f".join(str(part) for part in parts)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
