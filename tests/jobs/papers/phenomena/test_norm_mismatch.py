"""One change three times as large."""

from __future__ import annotations

from tiny_trial import specialists, values

from mergelab.jobs.papers.phenomena.norm_mismatch import norm_mismatch
from mergelab.runtime.progress import finish


def test_the_first_change_is_stretched_and_the_second_is_not() -> None:
    told = values(finish(norm_mismatch(specialists(2))))
    assert told["task arithmetic, norms as trained"] == 0.62  # 0.5 + 0.3 × 0.4
    assert told["task arithmetic, one change × 3"] == 0.74  # the mean of 0.5 + 0.3 × 1.2 and 0.62
    assert told["TIES, norms as trained"] == 0.9  # each keeps its one change
    assert told["TIES, one change × 3"] == 0.95  # 0.5 + 1.2 is more than all rows, the other stays at 0.9
    assert told["TIES minus task arithmetic, as trained"] == 0.28
