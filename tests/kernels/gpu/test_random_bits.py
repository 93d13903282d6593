"""The draws of Triton's kernels are the reference generator's."""

from __future__ import annotations

import pytest
import torch
from device_stacks import device_stack, merged

from mergelab.kernels.arguments import SparsifyParams
from mergelab.runtime.randomness import draws, key_of


@pytest.mark.parametrize("start", [0, 64, 2**14, 2**33 - 2**14, 2**34 - 2**10, 2**34])
def test_an_entry_stays_iff_its_draw_in_the_stream_is_below_the_limit(start: int) -> None:
    drawn = draws(7, "expert", "tensor", (2500,), start)
    for limit in (0, 2**31, int(drawn[3]), int(drawn[3]) + 1, 2**32 - 1):
        params = SparsifyParams.none(1)._replace(
            limits=torch.tensor([limit]), keys=torch.tensor([key_of(7, "expert", "tensor")])
        )
        stack = device_stack(
            [torch.zeros(2500), torch.ones(2500)], {"weights": torch.ones(1), "scale": 1.0}, params, start
        )
        kept = merged(stack, "task_arithmetic", torch.empty(2500), (0,))
        assert torch.equal(kept == 1, drawn < limit)
