"""Opens the checkpoint that a user names: a suite's model, a folder, a file, or a model on the Hub."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path

from mergelab.checkpoints.conversion.from_gguf import is_gguf, open_gguf
from mergelab.checkpoints.delta import delta_checkpoint
from mergelab.checkpoints.delta.delta_checkpoint import open_packed, packed_base
from mergelab.checkpoints.diffusion.diffusers_pipeline import open_pipeline
from mergelab.checkpoints.diffusion.single_file import open_single_file, refuse_lora_folder
from mergelab.checkpoints.files.errors import CheckpointError
from mergelab.checkpoints.files.folder import has_weights, open_folder
from mergelab.checkpoints.files.hub import MODEL_INDEX, fetch, is_hub_reference
from mergelab.checkpoints.files.interface import Checkpoint
from mergelab.checkpoints.files.phrases import listed
from mergelab.checkpoints.files.safe_paths import refuse_links_out_of, safe_file
from mergelab.checkpoints.files.weight_formats import SAFETENSORS
from mergelab.checkpoints.lora import adapter_config
from mergelab.checkpoints.lora.adapter import adapter_settings, open_adapter
from mergelab.checkpoints.lora.adapter_remarks import adapters_inside
from mergelab.checkpoints.suites import BASE, Suite, list_suites, load_suite, suite_folders
from mergelab.checkpoints.unpacking import unpack
from mergelab.runtime.folders.models_folder import place_inside, told_outside


def open_checkpoint(ref: str, *, models_dir: Path | None = None, base: Checkpoint | None = None) -> Checkpoint:
    """Open the checkpoint named by `ref`, using the first of these that matches:

    - a path (`/…`, `./…`, `../…`, `~/…`),
    - `suite` or `suite/base` or `suite/expert`,
    - a folder, or a .safetensors or .gguf file, relative to `models_dir` or else to the working directory,
    - `owner/name` or `owner/name@revision` on the Hugging Face Hub.

    Adapters and packed experts need their base: `base` if given, otherwise the base named in their files. With
    `models_dir`, everything outside it is refused but the suites: other folders and files, whether they exist or not, and
    models on the Hub, downloaded or not. Raises `CheckpointError`; for an unknown name it suggests similar ones.
    """
    return _Opening(models_dir, base).open(ref)


def suite_of(ref: str) -> str | None:
    """The name of the suite that `ref` (`suite`, `suite/base`, `suite/expert`) belongs to, or None."""
    name = ref.partition("/")[0]
    return name if name in suite_folders() else None


@dataclass(frozen=True)
class _Opening:
    models_dir: Path | None
    base: Checkpoint | None
    beside: str = ""
    """The model whose base is being opened; that base must itself be a whole model."""

    def open(self, ref: str) -> Checkpoint:
        if not ref.strip() or "\0" in ref:
            raise CheckpointError("a model needs a name: a suite's model, a folder, or owner/name on the Hub")
        try:
            return self._open(ref)
        except OSError as error:
            raise CheckpointError(f"cannot open {ref}: {error.strerror or type(error).__name__}") from error

    def _open(self, ref: str) -> Checkpoint:
        if _is_path(ref):
            return self._at(Path(ref).expanduser(), ref)
        suite = suite_of(ref)
        if suite is not None:
            return _open_from_suite(ref, load_suite(suite))
        path = self._allowed((self.models_dir or Path()) / ref, ref)
        if path.is_dir() or path.is_file():
            return self._at(path, ref)
        return self._from_hub(ref) if self.models_dir is None else self._missing(ref)

    def _allowed(self, path: Path, ref: str) -> Path:
        """The path, which is refused outside of the models folder. Nothing may look at the path before."""
        found = path if self.models_dir is None else place_inside(self.models_dir, path)
        if found is None:
            raise CheckpointError(told_outside(ref))
        return found

    def _at(self, path: Path, ref: str) -> Checkpoint:
        path = self._allowed(path, ref)
        if self.models_dir is not None:
            refuse_links_out_of(self.models_dir, path)
        return self._of_its_kind(path, ref)

    def _missing(self, ref: str) -> Checkpoint:
        told = f"there is no suite {ref!r} and no such folder or file in the models folder"
        hub = ", and with a models folder no model of the Hub is opened" if is_hub_reference(ref) else ""
        raise CheckpointError(f"{told}{hub}; {_near(ref, _known(self.models_dir))}")

    def _of_its_kind(self, path: Path, ref: str) -> Checkpoint:
        """Open the checkpoint at `path` by its contents; a folder with whole weights is a model whatever else it holds."""
        if is_gguf(path):
            return open_gguf(path, ref)
        if path.exists() and not path.is_dir():
            return open_single_file(path, ref)
        names = {entry.name for entry in path.iterdir()} if path.is_dir() else set()
        if has_weights(path):
            return open_folder(path, ref)
        if adapter_config.CONFIG in names:
            return open_adapter(path, self._base_for(ref, adapter_settings(path).base), ref)
        if delta_checkpoint.MANIFEST in names:
            return open_packed(path, self._base_for(ref, packed_base(path)), ref)
        if MODEL_INDEX in names:
            return open_pipeline(path, ref)
        inside = adapters_inside(path)
        if inside and "config.json" not in names:
            raise CheckpointError(f"{ref} holds adapters in the folders {listed(inside)}; name one of them")
        refuse_lora_folder(path, ref)
        ggufs = sorted(name for name in names if name.endswith(".gguf"))
        if len(ggufs) == 1 and safe_file(path, ggufs[0]):
            return open_gguf(path / ggufs[0], ref)
        return open_folder(path, ref)

    def _base_for(self, ref: str, named: str | None) -> Checkpoint:
        if self.base is not None:
            return self.base
        if self.beside:
            raise CheckpointError(
                f"{self.beside} names {ref} as its base, but that is itself stored as a delta of a base"
            )
        if named is None:
            raise CheckpointError(f"{ref} is stored as a delta of a base that it does not name; give the base as well")
        try:
            return _Opening(self.models_dir, None, beside=ref).open(named)
        except CheckpointError as error:
            told = f"{ref} is stored as a delta of a base; give the base as well, because the one that it names"
            raise CheckpointError(f"{told} cannot be opened: {error}") from error

    def _from_hub(self, ref: str) -> Checkpoint:
        hint = _near(ref, _known(None))
        if not is_hub_reference(ref):
            raise CheckpointError(f"there is no suite, folder or Hub model {ref!r} (Hub models are owner/name); {hint}")
        try:
            return self._of_its_kind(fetch(ref), ref)
        except CheckpointError as error:
            told = f"there is no folder {ref}; as a Hub model: {error}"
            raise CheckpointError(f"{told}; {hint}" if "did you mean" in hint else told) from error


def _is_path(ref: str) -> bool:
    return ref in (".", "..", "~") or ref.startswith(("/", "./", "../", "~/"))


def _open_from_suite(ref: str, suite: Suite) -> Checkpoint:
    model = ref.partition("/")[2] or BASE
    if model != BASE and model not in suite.experts:
        raise CheckpointError(f"there is no {ref!r}; {_near(ref, list(suite.models))}")
    folder = unpack(suite, model)
    if model != BASE and suite.experts[model].adapter:
        base = f"{suite.name}/{BASE}"
        return open_adapter(folder, open_folder(unpack(suite), base), ref)
    return open_folder(folder, ref)


def _known(models_dir: Path | None) -> list[str]:
    """All names that can be opened without network access."""
    names = [name for suite in list_suites().values() for name in (suite.name, *suite.models)]
    root = models_dir or Path()
    configs = ("config.json", adapter_config.CONFIG, MODEL_INDEX)
    found = [path.parent.name for config in configs for path in root.glob(f"*/{config}")]
    files = [path.name for ending in (SAFETENSORS, ".gguf") for path in root.glob(f"*{ending}")]
    return names + sorted({*found, *files})


def _near(ref: str, names: list[str]) -> str:
    close = difflib.get_close_matches(ref, names, n=3, cutoff=0.6)
    if close:
        return f"did you mean {' or '.join(close)}?"
    return f"known names are {', '.join(names)}" if names else "name a folder, or owner/name on the Hub"
