"""Which language a text is in, by langdetect with a fixed seed, since it draws random numbers."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

#: The detector reads 10,000 characters anyway, but cleans all it is given.
_LONGEST_TEXT = 10_000
_SEED = 0


@lru_cache(maxsize=1)
def _factory() -> Any:
    """A detector factory of our own, so that nobody else's seed changes with ours."""
    from langdetect.detector_factory import (
        PROFILES_DIRECTORY,
        DetectorFactory,
    )  # slow: reads 55 language profiles

    factory = DetectorFactory()
    factory.load_profile(PROFILES_DIRECTORY)
    factory.set_seed(_SEED)
    return factory


def is_language(text: str, language: str) -> bool:
    """Whether ``text`` is in ``language`` (ISO 639-1 code, ``zh-cn``); a text without letters passes, as officially."""
    return detect_language(text[:_LONGEST_TEXT]) in (language, None)


@lru_cache(maxsize=1024)
def detect_language(text: str) -> str | None:
    """The most likely language of ``text``; None if it has nothing to go by."""
    from langdetect import LangDetectException

    detector = _factory().create()
    try:
        detector.append(text)
        return detector.detect()
    except LangDetectException:
        return None
