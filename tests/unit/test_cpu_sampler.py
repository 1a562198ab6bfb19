"""Seeds drawn many at a time are those of vLLM's own sampler, whatever happens to the requests."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scale_or_reason.inference import cpu_sampler
from scale_or_reason.inference.cpu_sampler import Seeds, faster_sampler

pytestmark = pytest.mark.slow  # torch

#: A step: the requests in the batch in order of their rows, and whether vLLM's own sampler draws their seeds.
STEPS = st.lists(st.tuples(st.permutations(range(5)), st.integers(0, 5), st.booleans()), max_size=60)


def vllms_seeds(rows: int, generators: dict[int, Any]) -> list[int]:
    """As in vLLM 0.32."""
    import torch

    seeds = torch.randint(0, 2**31, (rows,), dtype=torch.long)
    for i, gen in generators.items():
        seeds[i] = torch.randint(0, 2**31, (1,), generator=gen, dtype=torch.long).item()
    return seeds.tolist()


def made(seeds: list[int]) -> list[Any]:
    import torch

    return [torch.Generator().manual_seed(seed) for seed in seeds]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 2**64 - 1), min_size=5, max_size=5), STEPS)
def test_any_order_of_requests_gives_the_same_seeds(starts: list[int], steps: list[Any]) -> None:
    import torch

    expected, found = made(starts), made(starts)
    ours = Seeds()
    for order, unseeded, vllms_own in steps:
        # request 0 has no seed; requests come, leave, come back and change their rows
        present = [request for request in order[: 1 + unseeded] if request]
        rows = len(present) + (unseeded % 2)
        torch.manual_seed(rows)
        want = vllms_seeds(rows, {row: expected[request] for row, request in enumerate(present)})
        torch.manual_seed(rows)
        generators = {row: found[request] for row, request in reversed(list(enumerate(present)))}
        if vllms_own:
            ours(0, {})  # they leave the batch of ours
            assert vllms_seeds(rows, generators) == want
        else:
            assert ours(rows, generators).tolist() == want
    ours(0, {})
    for mine, theirs in zip(found, expected, strict=True):
        assert torch.equal(mine.get_state(), theirs.get_state())


def test_a_long_answer_goes_on_with_the_same_seeds() -> None:
    (expected,), (found,) = made([7]), made([7])
    ours = Seeds()
    assert [ours(1, {0: found}).item() for _ in range(5000)] == [vllms_seeds(1, {0: expected})[0] for _ in range(5000)]


def test_nothing_is_kept_of_requests_that_have_left() -> None:
    ours = Seeds()
    for start in range(20):
        ours(3, dict(enumerate(made([start, start + 1, start + 2]))))
    assert len(ours._streams) == 3
    ours(1, {})
    assert not ours._streams


def test_another_source_is_left_as_it_is() -> None:
    def forward_cpu(*_: Any) -> None:
        """Another version of vLLM."""

    assert faster_sampler(forward_cpu) is forward_cpu
    assert faster_sampler(min) is min  # compiled: it has no source


def test_the_generators_of_a_left_batch_are_where_vllm_would_have_them() -> None:
    import torch

    (expected,), (found,) = made([3]), made([3])
    ours = Seeds()
    for count in (0, 1, 31, 32, 33, 100):
        for _ in range(count):
            ours(1, {0: found})
            vllms_seeds(1, {0: expected})
        ours(0, {})
        assert torch.equal(found.get_state(), expected.get_state()), count
    assert cpu_sampler._AT_ONCE == 32  # the counts above are around it
