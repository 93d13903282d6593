"""Damages each kind of cache entry in each way, and asks a fresh process for the same result.

    python tests/runtime/cache/damage_campaign.py [--short] [KIND …]

Every kind is made for real once: a suite unpacked, a GGUF file converted, models hashed, a merge with Fisher information,
a score, a sketch, a tensor's map, the page's opening view. Then, for each damage, a process that knows nothing runs the same
work on a copy of that cache. It fails where the result is another one, or an error, or where a second process still finds
damage. With --short, each kind is damaged in one to three ways.
"""

from __future__ import annotations

import argparse
import ctypes
import hashlib
import json
import logging
import os
import shutil
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
LONG_AGO = (1_600_000_000, 1_600_000_000)
FAILED = "failed: "
LIBRARIES = (
    "mergelab.jobs.workbench",
    "mergelab.evaluation.calibration",
    "mergelab.ui.page.serving.startup_cache",
    "transformers.models.auto.tokenization_auto",
    "transformers.models.vit.modeling_vit",
    "transformers.models.llama.modeling_llama",
    "transformers.modeling_gguf_pytorch_utils",
    "accelerate",
    "gguf",
)
"""What the server of processes imports once, so that each of them starts at once."""
RECIPE = {"base": "pixels", "models": ["pixels/mnist", "pixels/upper"], "method": {"name": "ties", "density": 0.2}}
SHORT = {
    "suites": ("a byte at two thirds", "cut short", "no permission"),
    "converted": ("a byte at a third",),
    "hashes": ("last byte",),
    "statistics": ("first byte",),
    "scores": ("emptied",),
    "sketches": ("cut short",),
    "tensor-maps": ("a folder or a file instead",),
    "startup": ("garbage",),
}
"""The ways of the short form, on the first weights or the first file of each kind."""


# What a process does with each kind. All of them say what they found as text.


def suites(given: Path) -> str:
    from mergelab.checkpoints import open_checkpoint

    return digest_of(open_checkpoint("pixels/mnist").folder)


def converted(given: Path) -> str:
    from mergelab.checkpoints import open_checkpoint
    from mergelab.runtime.cache import folder_entry

    folder_entry.ALWAYS_VERIFIED = 0  # as if it had gigabytes
    return digest_of(open_checkpoint(str(given / "model.gguf")).folder)


def hashes(given: Path) -> str:
    from mergelab.checkpoints import open_checkpoint

    return open_checkpoint(str(given / "model")).content_hash()


def statistics(given: Path) -> str:
    from mergelab.jobs import recipe_plans, workbench
    from mergelab.runtime.progress import finish

    recipe_plans.CALIBRATION_ROWS = 8
    with tempfile.TemporaryDirectory() as folder:
        out = finish(workbench.save({**RECIPE, "method": "fisher"}, f"{folder}/out", device="cpu"))
        return hashlib.sha256((Path(out) / "model.safetensors").read_bytes()).hexdigest()


def scores(given: Path) -> str:
    from mergelab.jobs import workbench
    from mergelab.runtime.progress import finish

    return repr(finish(workbench.evaluate(recipe=RECIPE, tasks=["mnist"], rows=30, device="cpu")))


def sketches(given: Path) -> str:
    from mergelab.jobs import workbench
    from mergelab.runtime.progress import finish

    return hashlib.sha256(finish(workbench.sketch(RECIPE, device="cpu")).encode()).hexdigest()


def tensor_maps(given: Path) -> str:
    from mergelab.checkpoints import open_checkpoint
    from mergelab.jobs import workbench
    from mergelab.runtime.progress import finish

    key = max(open_checkpoint("pixels").specs.items(), key=lambda entry: entry[1].count)[0]
    return hashlib.sha256(finish(workbench.tensor_map(RECIPE, key, device="cpu")).encode()).hexdigest()


def startup(given: Path) -> str:
    from mergelab.recipe import Recipe
    from mergelab.ui.page.serving.startup_cache import StartupCache

    view = StartupCache(Recipe.from_mapping(RECIPE), "digest")
    parts = view.read() or {"scores": "<table>", "numbers": [1.5, None], "heatmap": {"z": [[0.1] * 50] * 50}}
    view.keep(parts)
    return json.dumps(parts)


WORK: dict[str, Callable[[Path], str]] = {
    "suites": suites,
    "converted": converted,
    "hashes": hashes,
    "statistics": statistics,
    "scores": scores,
    "sketches": sketches,
    "tensor-maps": tensor_maps,
    "startup": startup,
}


def digest_of(folder: Path) -> str:
    found = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        found.update(path.name.encode() + (path.read_bytes() if path.is_file() else b""))
    return found.hexdigest()


# The ways to damage a file, whatever it is; `flip` leaves size and time stamps as they were.


def flip(path: Path, share: float) -> None:
    stat, content = path.stat(), bytearray(path.read_bytes())
    content[min(int(share * len(content)), len(content) - 1)] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def instead(path: Path) -> None:
    """A folder where a file was, and the other way round."""
    if path.is_dir():
        shutil.rmtree(path)
        path.write_text("in the way")
    else:
        path.unlink()
        path.mkdir()
        (path / "in the way").touch()


FILE_WAYS: dict[str, Callable[[Path], object]] = {
    "first byte": lambda path: flip(path, 0),
    "a byte at a third": lambda path: flip(path, 1 / 3),
    "a byte at two thirds": lambda path: flip(path, 2 / 3),
    "last byte": lambda path: flip(path, 1),
    "cut short": lambda path: os.truncate(path, path.stat().st_size // 2),
    "without its last byte": lambda path: os.truncate(path, path.stat().st_size - 1),
    "longer": lambda path: path.write_bytes(path.read_bytes() + b"\0"),
    "emptied": lambda path: os.truncate(path, 0),
    "garbage": lambda path: path.write_bytes(b"\xff{" * 500),
    "removed": lambda path: path.unlink(),
    "a folder or a file instead": instead,
    "a link to nothing": lambda path: (path.unlink(), path.symlink_to("nowhere")),
    "no permission": lambda path: path.chmod(0),
}
FOLDER_WAYS: dict[str, Callable[[Path], object]] = {
    "removed": shutil.rmtree,
    "emptied": lambda path: (shutil.rmtree(path), path.mkdir()),
    "a folder or a file instead": instead,
    "a stranger inside": lambda path: (path / "adapter_config.json").write_text("{}"),
    "no permission": lambda path: path.chmod(0),
    "read only": lambda path: path.chmod(0o555),
}


@dataclass(frozen=True)
class Case:
    """One damage: the kind whose work is done, what is damaged (relative to the cache), and how."""

    kind: str
    target: str
    way: str

    def damage(self, cache: Path) -> None:
        path = cache / self.target
        (FOLDER_WAYS if path.is_dir() else FILE_WAYS)[self.way](path)


def cases(cache: Path, kinds: list[str], short: bool) -> Iterator[Case]:
    for kind in kinds:
        folder = cache / "store-1" / kind
        paths = [folder, *sorted(path for path in folder.rglob("*") if not path.name.startswith("."))]
        if short:
            path = next(path for path in paths if path.is_file() and path.name not in ("record", "config.json"))
            yield from (Case(kind, path.relative_to(cache).as_posix(), way) for way in SHORT[kind])
            continue
        for path in [*paths, cache / "store-1" / ".users", cache / "store-1"]:
            ways = FOLDER_WAYS if path.is_dir() else FILE_WAYS
            yield from (Case(kind, path.relative_to(cache).as_posix(), way) for way in ways)


class Campaign:
    """Runs work in processes of their own, which have the libraries imported and nothing else."""

    def __init__(self, root: Path) -> None:
        self.root, self.given, self.whole = root, root / "given", root / "whole"
        self._context = get_context("forkserver")
        self._context.set_forkserver_preload(list(LIBRARIES))

    def prepare(self, kinds: list[str]) -> dict[str, str]:
        """The inputs, the whole cache, and the right results."""
        writer = self._context.Process(target=_write_inputs, args=(self.given,))
        writer.start()
        writer.join()
        assert writer.exitcode == 0
        found = {}
        for kind in kinds:
            found[kind], told = self.run(kind, self.whole)
            assert told == [] and not found[kind].startswith(FAILED), (told, found[kind])
        assert all(self.run(kind, self.whole) == (found[kind], []) for kind in kinds), "the cache changes a result"
        return found

    def run(self, kind: str, cache: Path) -> tuple[str, list[str]]:
        """What a process finds, and what it says about the cache."""
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=_work, args=(kind, self.given, cache, theirs))
        process.start()
        theirs.close()
        try:
            answer: tuple[str, list[str]] = ours.recv()
        except EOFError:
            answer = "the process died", []
        process.join()
        return answer

    def faults(self, case: Case, expected: str) -> list[str]:
        """What is wrong after a damage; nothing where it healed."""
        cache = Path(tempfile.mkdtemp(dir=self.root)) / "cache"
        shutil.copytree(self.whole, cache, symlinks=True)
        case.damage(cache)
        try:
            found, _ = self.run(case.kind, cache)
            again, still = self.run(case.kind, cache)
        finally:
            shutil.rmtree(cache.parent, ignore_errors=True)
        wrong = [f"found {each}" for each in (found, again) if each != expected]
        if still and not any("cannot be written" in line or "Permission denied" in line for line in still):
            wrong.append(f"not healed: {still}")
        return wrong


def _work(kind: str, given: Path, cache: Path, pipe: Any) -> None:
    os.environ.update(MERGELAB_CACHE=str(cache), HOME=str(cache.parent / "home"), CUDA_VISIBLE_DEVICES="")
    _heed_permissions()
    import torch

    torch.set_num_threads(1)
    told: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: told.append(record.getMessage())  # type: ignore[method-assign]
    logging.getLogger("mergelab.cache").addHandler(handler)
    try:
        found = WORK[kind](given)
    except Exception:
        found = f"{FAILED}{traceback.format_exc()}"
    pipe.send((found, told))


def _write_inputs(given: Path) -> None:
    import torch
    from checkpoints.tiny_gguf import write_gguf
    from tiny_folders import write_folder

    given.mkdir()
    write_gguf(given / "model.gguf")
    folder = write_folder(given / "model", {"w": torch.arange(1000.0)})
    for path in (given / "model.gguf", folder / "model.safetensors"):
        os.utime(path, LONG_AGO)  # hashes of files that were just written are not kept


def _heed_permissions() -> None:
    """Give up what lets root read and write everything."""
    if sys.platform == "linux" and os.getuid() == 0:
        version, nothing = 0x20080522, [0] * 6
        header, sets = (ctypes.c_uint32 * 2)(version, 0), (ctypes.c_uint32 * 6)(*nothing)
        assert ctypes.CDLL(None, use_errno=True).capset(header, sets) == 0, os.strerror(ctypes.get_errno())


def main() -> int:
    options = _options()
    sys.path[:0] = places = [str(ROOT), str(ROOT / "tests")]
    os.environ["PYTHONPATH"] = os.pathsep.join(places)
    kinds = options.kinds or list(WORK)
    with tempfile.TemporaryDirectory(prefix="mergelab-damage-") as folder:
        root = Path(folder)
        (root / "home").mkdir()
        campaign, started, failed = Campaign(root), time.monotonic(), 0
        expected = campaign.prepare(kinds)
        every = list(cases(campaign.whole, kinds, options.short))
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            for case, faults in zip(
                every, pool.map(lambda case: campaign.faults(case, expected[case.kind]), every), strict=True
            ):
                failed += bool(faults)
                for wrong in faults:
                    print(f"{case.kind}: {case.target}, {case.way}: {wrong}", flush=True)
    print(f"{len(every)} damages, {failed} not healed, {time.monotonic() - started:.0f} s")
    return int(failed > 0)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kinds", nargs="*", choices=[[], *WORK], metavar="KIND", help=f"of {', '.join(WORK)}")
    parser.add_argument("--short", action="store_true", help="one to three ways on one file of each kind")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
