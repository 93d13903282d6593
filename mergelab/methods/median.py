"""The elementwise median of the experts' weights."""

from __future__ import annotations

from torch import Tensor

from mergelab.methods.registry import method


@method("Median", space="weights", paper="Yin et al. 2018, arXiv:1803.01498", elementwise=True)
def median(models: Tensor) -> Tensor:
    """The middle value of each parameter over the experts; one that lies far out has no pull.

    `models` is (n_models, *shape) in float32; returns (*shape). The base takes no part. Of an even number the lower of
    the two middle values is taken, as torch.median does.
    """
    return models.median(0).values
