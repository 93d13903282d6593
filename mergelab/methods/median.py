"""The elementwise median of the experts' weights."""

from __future__ import annotations

from torch import Tensor

from mergelab.methods.ops.reason import Reason, fates, one_of
from mergelab.methods.registry import method


def middle_wins(models: Tensor) -> Reason:
    """The expert in the middle is taken; how far the others lie from it does not count."""
    middle, count = models.median(0).values, len(models)
    taken = models == middle
    which = "middle" if count % 2 else "lower middle"
    sentence = f"The {which} one of the {count} experts’ weights is taken, from {{who}}; the others do not pull."
    chosen = one_of(taken.int().argmax(0), count)
    return Reason((sentence,), coefficients=chosen, fates=fates(not_the_middle=~taken))


@method("Median", space="weights", paper="Yin et al. 2018, arXiv:1803.01498", elementwise=True, why=middle_wins)
def median(models: Tensor) -> Tensor:
    """The per-weight median of the experts; outliers have no influence.

    `models` is (n_models, *shape) in float32; returns (*shape). The base is not used. For an even number of experts the
    result is the lower of the two middle values, as in torch.median.
    """
    return models.median(0).values
