"""How far the norms of the experts' changes lie apart in each layer: where they do, the largest drowns the others."""

from __future__ import annotations

import numpy
import pandas

from mergelab.sketch import Sketch


def norm_spread(sketch: Sketch) -> pandas.DataFrame:
    """One row a layer: `layer`, `spread` (the largest norm ‖dᵢ‖ / the smallest), and which experts are the `largest` and the
    `smallest`, the first of equals.

    Norms are of all deltas that the sketch was drawn of, whatever is kept. The spread is inf where an expert does not change
    a layer that another one changes, NaN where none does.
    """
    energy = next(iter(sketch.curves.values())).at("energy", 1.0)
    layers = pandas.DataFrame(energy).groupby(list(sketch.layers), sort=False).sum()
    norms = numpy.sqrt(layers.to_numpy())
    with numpy.errstate(divide="ignore", invalid="ignore"):
        spread = norms.max(1) / norms.min(1)
    experts = numpy.array(sketch.experts)
    return pandas.DataFrame(
        {
            "layer": layers.index,
            "spread": spread,
            "largest": experts[norms.argmax(1)],
            "smallest": experts[norms.argmin(1)],
        }
    )
