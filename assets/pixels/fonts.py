"""Letters drawn with free fonts of Debian: which families each split may use, and how one letter becomes one picture.

A family (one package) belongs to one split only, close relatives (Lobster and Lobster Two) to the same one, so that
test letters come in shapes that no model has been trained on.
"""

from __future__ import annotations

import functools
import string
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

SIDE = 28
FILES_A_FAMILY = 4  # at most, so that one large family does not outweigh the others

APACHE, MIT, PUBLIC = "Apache-2.0", "MIT", "public domain"
OFL, OFL_1_0 = "OFL-1.1", "OFL-1.0"

# Debian package without its `fonts-` -> licence of the font, as in the package's copyright file
FAMILIES = {
    "train": {
        "agave": MIT,
        "anonymous-pro": OFL,
        "arapey": OFL,
        "averia-sans-gwf": OFL,
        "averia-serif-gwf": OFL,
        "b612": "OFL-1.1 and EPL-2.0 and EDL-1.0",
        "breip": OFL_1_0,
        "cantarell": OFL,
        "cardo": OFL,
        "clear-sans": APACHE,
        "comfortaa": OFL,
        "compagnon": OFL,
        "crosextra-caladea": OFL,
        "crosextra-carlito": OFL,
        "dancingscript": OFL,
        "dejavu-core": "Bitstream Vera",
        "dosis": OFL,
        "elstob": OFL,
        "essays1743": "OFL-1.1 or LGPL-2.1",
        "fantasque-sans": OFL,
        "fanwood": MIT,
        "firacode": OFL,
        "gfs-artemisia": OFL,
        "gfs-neohellenic": OFL,
        "gnutypewriter": OFL,
        "goudybookletter": PUBLIC,
        "hack": "MIT and Bitstream Vera",
        "inconsolata": OFL_1_0,
        "karla": OFL,
        "karmilla": OFL,
        "kaushanscript": OFL,
        "klaudia-berenika": OFL,
        "league-mono": OFL,
        "league-spartan": OFL,
        "liberation2": OFL,
        "millimetre": OFL,
        "monofur": OFL,
        "mononoki": OFL,
        "national-park": OFL,
        "oldstandard": OFL_1_0,
        "open-sans": APACHE,
        "opendin": OFL,
        "play": OFL,
        "quattrocento": OFL,
        "quicksand": OFL,
        "sil-andika": OFL,
        "sil-doulos": OFL,
        "sil-gentium-basic": OFL,
        "solide-mirage": OFL,
        "sora": OFL,
        "tuffy": PUBLIC,
    },
    "validation": {
        "allerta": OFL,
        "courier-prime": OFL,
        "junction": OFL,
        "leckerli-one": OFL,
        "lindenhill": MIT,
        "okolaks": OFL,
        "roboto-slab": APACHE,
    },
    "test": {
        "cabin": OFL,
        "cabinsketch": OFL,
        "comic-neue": OFL,
        "ebgaramond": OFL,
        "eurofurence": OFL,
        "georgewilliams": "OFL-1.1 or BSD-3-Clause",
        "gfs-didot": OFL,
        "go": "BSD-3-Clause",
        "jetbrains-mono": APACHE,
        "lobster": OFL,
        "lobstertwo": OFL,
        "manrope": OFL,
        "prociono": PUBLIC,
        "radisnoir": OFL,
        "routed-gothic": OFL,
        "vollkorn": OFL,
    },
}


def font_files(family: Path) -> list[Path]:
    """Up to `FILES_A_FAMILY` usable font files below the folder `family`, spread evenly over its sorted names."""
    found = {path.stem: path for path in sorted(family.rglob("*.[ot]tf")) if not path.is_symlink()}
    usable = [found[stem] for stem in sorted(found) if _has_both_cases(found[stem])]
    picks = np.linspace(0, len(usable) - 1, min(FILES_A_FAMILY, len(usable))).round().astype(int)
    return [usable[i] for i in picks]


def draw_letters(letters: str, files: list[Path], n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """`n` pictures, uint8 `(n, 28, 28)`, of letters in equal shares, with their indices in `letters`, int64 `(n,)`."""
    labels = rng.permutation(np.arange(n) % len(letters))
    picks = rng.integers(len(files), size=n)
    images = [draw_letter(letters[label], files[pick], rng) for label, pick in zip(labels, picks, strict=True)]
    return np.stack(images), labels.astype(np.int64)


def draw_letter(letter: str, file: Path, rng: np.random.Generator) -> np.ndarray:
    """One white letter on black, of random size and place, turned by up to 15 degrees, with noise."""
    box = _font(file, 40).getbbox(letter)
    largest = max(box[2] - box[0], box[3] - box[1])
    font = _font(file, round(40 * rng.uniform(15, 22) / largest))
    left, top, right, bottom = font.getbbox(letter)
    shift = rng.uniform(-2.5, 2.5, size=2)
    corner = ((SIDE - left - right) / 2 + shift[0], (SIDE - top - bottom) / 2 + shift[1])
    image = Image.new("L", (SIDE, SIDE))
    ImageDraw.Draw(image).text(corner, letter, font=font, fill=255)
    turned = image.rotate(rng.uniform(-15, 15), resample=Image.Resampling.BILINEAR)
    noisy = np.asarray(turned, dtype=np.float64) + rng.normal(0, rng.uniform(0, 16), size=(SIDE, SIDE))
    return noisy.clip(0, 255).round().astype(np.uint8)


def _has_both_cases(file: Path) -> bool:
    """Whether the font draws all letters, and small ones that are not capitals: a small p reaches below the line.

    Two of the 52 may look like another one, as capital I and small l do in many sans-serif fonts.
    """
    font = _font(file, 40)
    drawn = {bytes(font.getmask(letter)) for letter in string.ascii_letters}
    return len(drawn) >= 50 and all(any(mask) for mask in drawn) and font.getbbox("p")[3] > font.getbbox("o")[3] + 4


@functools.cache
def _font(file: Path, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(file), size, layout_engine=ImageFont.Layout.BASIC)
