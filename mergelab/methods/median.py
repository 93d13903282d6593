"""The elementwise median of the experts' weights."""

from __future__ import annotations

from torch import Tensor

from mergelab.methods.registry import method


@method("Median", space="weights", paper="Yin et al. 2018, arXiv:1803.01498", elementwise=True)
def median(models: Tensor) -> Tensor:
    """The median of each parameter over the experts, which outliers do not affect.

    `models` is (n_models, *shape) in float32; returns (*shape). The base is not used. For an even number of experts the
    result is the lower of the two middle values, as in torch.median.
    """
    return models.median(0).values
