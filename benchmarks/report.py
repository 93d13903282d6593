"""What benchmarks found: printed, kept in results.json, and as tables in docs/benchmarks.md.

`python benchmarks/report.py` writes the tables of results.json between the markers of docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "benchmarks" / "results.json"
PAGE = ROOT / "docs" / "benchmarks.md"
BEGIN, END = "<!-- results: {} -->", "<!-- end of results -->"
BUSY = 0.3
"""A load average from which other work may have disturbed the times."""


@dataclass(frozen=True)
class Table:
    """Rows under a caption; numbers are already formatted."""

    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]

    def markdown(self) -> str:
        """The table as the page shows it."""
        lines = [self.columns, ["---"] * len(self.columns), *self.rows]
        return f"{self.caption}\n\n" + "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


@dataclass(frozen=True)
class Record:
    """One run of one benchmark. `command` makes it again; `values` are the unrounded numbers behind the tables; `timed` is
    False where a busy machine does not matter."""

    name: str
    command: str
    tables: Sequence[Table]
    notes: Sequence[str] = ()
    values: Mapping[str, Any] = field(default_factory=dict)
    timed: bool = True


def parser(doc: str | None) -> argparse.ArgumentParser:
    """The flags that all benchmarks share; `doc` is the script's docstring."""
    made = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--quick", action="store_true", help="small sizes, to see that it works; nothing is kept")
    made.add_argument("--results", type=Path, default=RESULTS, help="the JSON file that keeps what was found")
    made.set_defaults(load=_load())
    return made


def publish(record: Record, options: argparse.Namespace) -> None:
    """Print a record and, unless the run was a quick one, put it in the place of the benchmark's last one."""
    notes = [*record.notes, *(_disturbance(options.load) if record.timed else [])]
    print("\n\n".join([table.markdown() for table in record.tables] + list(notes)), flush=True)
    if options.quick:
        return
    kept = read(options.results)
    kept[record.name] = {
        "date": date.today().isoformat(),
        "command": record.command,
        "machine": machine(),
        "notes": notes,
        "tables": [asdict(table) for table in record.tables],
        "values": record.values,
    }
    options.results.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def read(path: Path = RESULTS) -> dict[str, Any]:
    """The kept records by benchmark; none where there is no file yet."""
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return found


def filled(page: str, kept: Mapping[str, Any]) -> str:
    """The page with every kept record between the markers that bear its name.

    Raises ValueError for a record that the page has no markers for.
    """
    for name, record in kept.items():
        begin = BEGIN.format(name)
        place = re.compile(f"{re.escape(begin)}.*?{re.escape(END)}", re.DOTALL)
        if not place.search(page):
            raise ValueError(f"the page has no place for {name}: add the lines {begin} and {END} where it belongs")
        page = place.sub(lambda _, begin=begin, record=record: f"{begin}\n{_section(record)}\n{END}", page)
    return page


def machine() -> dict[str, str]:
    """What the numbers were measured on."""
    found = {
        "processor": _processor(),
        "cores": str(os.cpu_count()),
        "system": platform.system(),
        "python": platform.python_version(),
        **{name: version(name) for name in ("torch", "numba", "numpy")},
    }
    return {**found, **_gpu()}


def ratio(value: float, target: float) -> tuple[str, str, str]:
    """How many times less, what was asked for, and whether that is met, as three cells."""
    return f"{value:.1f}×", f"≥ {target:g}×", "yes" if value >= target else "**no**"


def main() -> None:
    page = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(filled(page, read()), encoding="utf-8")
    print(f"{PAGE.relative_to(ROOT)} is up to date with {RESULTS.relative_to(ROOT)}")


def _section(record: Mapping[str, Any]) -> str:
    tables = [Table(**table).markdown() for table in record["tables"]]
    made = record["machine"]
    where = f"{made['processor']}, {made['cores']} cores" + (f", {made['gpu']}" if "gpu" in made else "")
    versions = ", ".join(f"{name} {made[name]}" for name in ("python", "torch", "numba", "numpy"))
    told = f"`{record['command']}` on {record['date']}; {where}; {versions}."
    return "\n\n".join([*tables, *record["notes"], told])


def _disturbance(load: float) -> list[str]:
    return (
        [f"The machine was busy (load {load:.1f} before the start): take the times with care."] if load >= BUSY else []
    )


def _load() -> float:
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _gpu() -> dict[str, str]:
    import torch

    return {"gpu": torch.cuda.get_device_name()} if torch.cuda.is_available() else {}


if __name__ == "__main__":
    main()
