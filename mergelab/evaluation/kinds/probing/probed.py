"""What linear probes have in common: the class that the probe scores highest is the answer."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

from torch import Tensor

from mergelab.evaluation.kinds.classification import Classification
from mergelab.evaluation.kinds.task_kind import Exam


class Probed(Classification):
    """A classification by a linear probe, trained on the base's features and used unchanged on those of every model."""

    own_head = False
    is_probe = True
    mapping = "MODEL_MAPPING"
    probed_as = ""

    def metric(self, settings: Any) -> str:
        """An accuracy that says where it comes from."""
        return "linear probe accuracy"

    @abstractmethod
    def features(self, exam: Exam, index: Sequence[int]) -> Tensor:
        """The model's pooled states of the rows at `index`: float64 (rows, width) on the CPU."""

    def _logits(self, exam: Exam, index: Sequence[int]) -> Tensor:
        features = self.features(exam, index)
        if not bool(features.isfinite().all()):
            raise ValueError(
                f"the model gives non-finite outputs on task {exam.title}; reduce very large weights or scales in the recipe"
            )
        logits: Tensor = exam.probe.logits(features)
        return logits
