"""Image classification by a linear probe: for models without a head for the task's classes."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from mergelab.evaluation.kinds.image_classification import ImageClassification
from mergelab.evaluation.kinds.probing.probed import Probed
from mergelab.evaluation.kinds.task_kind import Exam


class ImageProbe(Probed, ImageClassification):
    """Images to one of several classes by a linear probe on the mean over patches or pixels."""

    name = "image-probe"
    title = "Image classification by a linear probe"

    def features(self, exam: Exam, index: Sequence[int]) -> Tensor:
        """The mean of the last states: over patches (rows, patches, width), or over height and width (rows, width, …)."""
        states: Tensor = exam.model(**exam.batch(index)).last_hidden_state
        pooled = states.mean(1) if states.dim() == 3 else states.flatten(2).mean(2)
        return pooled.cpu().double()
