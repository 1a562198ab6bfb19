"""The short start and end of an engine on a CPU, on objects that stand for vLLM's."""

import gc
import importlib
import weakref
from typing import Any

import pytest

from scale_or_reason.inference import cpu_engine

MIB = 1 << 20


@pytest.fixture(scope="module")
def torch() -> Any:
    return importlib.import_module("torch")  # two seconds, which a run of other tests goes without


@pytest.mark.slow
def test_a_large_row_of_bytes_is_zero_and_can_be_written(torch: Any) -> None:
    cache = cpu_engine._zeros(torch.zeros, 20 * MIB, dtype=torch.int8, device="cpu")
    assert cache.shape == (20 * MIB,) and cache.dtype is torch.int8 and not cache.any()
    views = cache.view(torch.float32).view(20, -1)
    views[3] = 1.5
    assert float(views.sum()) == 1.5 * views.shape[1]


def resident() -> int:
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * 4096


@pytest.mark.slow
def test_a_cache_takes_memory_only_where_it_is_used(torch: Any) -> None:
    before = resident()
    cache = cpu_engine._zeros(torch.zeros, 256 * MIB, dtype=torch.int8)
    assert resident() - before < 16 * MIB
    cache[: 64 * MIB] = 1
    assert 48 * MIB < resident() - before < 96 * MIB
    del cache
    assert resident() - before < 16 * MIB


@pytest.mark.slow
@pytest.mark.parametrize(
    ("size", "dtype", "options"),
    [
        ((20 * MIB,), "float32", {}),
        ((MIB,), "int8", {}),
        ((4, 8 * MIB), "int8", {}),
        ((20 * MIB,), "int8", {"pin_memory": False}),
        (((20 * MIB,),), "int8", {}),
        ((20 * MIB,), "int8", {"device": "meta"}),
    ],
)
def test_everything_else_is_torchs_own(torch: Any, size: tuple[Any, ...], dtype: str, options: dict[str, Any]) -> None:
    calls = []
    options = {"dtype": getattr(torch, dtype)} | options

    def original(*args: Any, **kwargs: Any) -> None:
        calls.append((args, kwargs))

    cpu_engine._zeros(original, *size, **options)
    assert calls == [(size, options)]


class Engine:
    """Refers to itself, and collects everything at its end, as vLLM's does."""

    def __init__(self, ends: list[int]) -> None:
        self.own = self
        weakref.finalize(self, self._end, ends)

    @staticmethod
    def _end(ends: list[int]) -> None:
        gc.unfreeze()
        gc.collect()
        ends.append(gc.get_freeze_count())


@pytest.mark.slow
def test_an_engine_is_freed_and_imports_stay_frozen() -> None:
    gc.collect()
    gc.freeze()
    try:
        ends: list[int] = []
        held = {"engine": Engine(ends)}
        frozen = gc.get_freeze_count()
        # a cycle ends only in the collection, a plain reference at its release
        held["engine"].own = None  # type: ignore[assignment]
        cpu_engine.cheap_end(held.clear)
        assert len(ends) == 1 and ends[0] > frozen // 2
        assert gc.get_freeze_count() > frozen // 2
        again = weakref.ref(cycle := Engine([]))
        held["engine"] = cycle
        del cycle
        cpu_engine.cheap_end(held.clear)
        assert again() is None
    finally:
        gc.unfreeze()


def test_the_collector_is_as_before_after_an_engine_that_fails_to_end() -> None:
    unfreeze, collect = gc.unfreeze, gc.collect

    def release() -> None:
        raise RuntimeError("no end")

    with pytest.raises(RuntimeError, match="no end"):
        cpu_engine.cheap_end(release)
    assert (gc.unfreeze, gc.collect) == (unfreeze, collect)
