"""The record of reproductions: JSON from which the document is rendered and which the page shows."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from functools import cache
from typing import Any

from mergelab.jobs.papers.reproduction import Bound, FigureRow, Measurement, PaperVerdict, Reproduction
from mergelab.runtime.folders.documents_folder import documents_folder

FILE = "reproductions.json"


@dataclass(frozen=True)
class ReproductionRecord:
    """Reproductions by phenomenon and suite, and the commands that wrote them down, the last one at the end."""

    commands: tuple[str, ...]
    reproductions: tuple[Reproduction, ...]

    def to_json(self) -> str:
        """The record as a text that `from_json` reads."""
        found = {"commands": self.commands, "reproductions": [plain(each) for each in self.reproductions]}
        return json.dumps(found, indent=1, ensure_ascii=False) + "\n"

    def updated(self, other: ReproductionRecord) -> ReproductionRecord:
        """The `other` record, with what this one has of phenomena and suites that the other lacks."""
        found = {(each.number, each.suite): each for each in (*self.reproductions, *other.reproductions)}
        kept = self.commands if len(found) > len(other.reproductions) else ()
        earlier = (command for command in kept if command not in other.commands)
        return ReproductionRecord((*earlier, *other.commands), tuple(found.values()))

    @classmethod
    def from_json(cls, text: str) -> ReproductionRecord:
        """The record that `to_json` wrote."""
        found = json.loads(text)
        return cls(tuple(found["commands"]), tuple(map(_reproduction, found["reproductions"])))


@cache
def published_record() -> ReproductionRecord:
    """The record that comes with MergeLab."""
    return ReproductionRecord.from_json((documents_folder() / FILE).read_text(encoding="utf-8"))


def plain(each: Reproduction) -> dict[str, Any]:
    """Everything that was found, each figure with its verdict."""
    figures = [{**asdict(row), "verdict": row.verdict} for row in each.figures]
    return {**asdict(each), "figures": figures}


def figure_of(found: Mapping[str, Any]) -> FigureRow:
    """The figure of a mapping of its fields; a verdict follows from them and is not read."""
    given = {field.name: found[field.name] for field in fields(FigureRow)}
    bound = Bound(**given["bound"]) if given["bound"] else None
    return FigureRow(**{**given, "seeds": tuple(given["seeds"]), "bound": bound})


def _reproduction(found: Mapping[str, Any]) -> Reproduction:
    return Reproduction(
        **{
            **found,
            "papers": tuple(found["papers"]),
            "figures": tuple(map(figure_of, found["figures"])),
            "verdict": PaperVerdict(found["verdict"]),
            "notes": tuple(found["notes"]),
            "measured": Measurement(**found["measured"]),
        }
    )


def of_phenomena(found: Sequence[Reproduction]) -> list[list[Reproduction]]:
    """The reproductions of each phenomenon, by its number, in the order of the suites."""
    numbers = sorted({each.number for each in found})
    return [[each for each in found if each.number == number] for number in numbers]
