"""What the weight files of a model are called: transformers' names, those of diffusers, or the name of a single file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mergelab.checkpoints.files.interface import Checkpoint

VARIANTS = ("fp16", "bf16")
"""Number formats that file names may tell, read where a folder has no file of the plain name."""


@dataclass(frozen=True)
class WeightNames:
    """The file names of one model's weights: `stem.safetensors`, or shards of that name with an index."""

    stem: str
    one_file: bool = False
    """Whether the weights are one file, however large they are, because programs that read it know no shards."""
    variant: str = ""

    @property
    def whole(self) -> str:
        """The name of the only weight file."""
        return f"{self._dotted}.safetensors"

    @property
    def index(self) -> str:
        """The name of the file that maps each tensor to its shard."""
        return ".".join(filter(None, (self.stem, "safetensors.index", self.variant, "json")))

    def shard(self, number: int, count: int) -> str:
        """The name of one of `count` weight files; they are numbered from 1."""
        return f"{self._dotted}-{number:05}-of-{count:05}.safetensors"

    @property
    def _dotted(self) -> str:
        return f"{self.stem}.{self.variant}" if self.variant else self.stem


TRANSFORMERS = WeightNames("model")
DIFFUSERS = WeightNames("diffusion_pytorch_model")
LIBRARIES = (TRANSFORMERS, DIFFUSERS)
PLAIN: Mapping[str, WeightNames] = {"": TRANSFORMERS}
"""The names of a model that is not divided into components."""


def weight_names_of(model: Checkpoint) -> Mapping[str, WeightNames]:
    """Start of the file keys -> names of the files with these tensors, below a folder of that name.

    The only start is "" except in a pipeline, where it is `component/`.
    """
    found: Mapping[str, WeightNames] = getattr(model, "weight_names", PLAIN)
    return found
