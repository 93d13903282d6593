"""How long the package takes to import and the command to answer `--help`.

    python benchmarks/startup.py [--quick]

Each run is a new process with the files in the page cache; an empty program shows what the interpreter takes by itself.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

import report
import timing

PROGRAMS = {
    "empty program": ["-c", "pass"],
    "import mergelab": ["-c", "import mergelab"],
    "mergelab --help": ["-m", "mergelab", "--help"],
    "mergelab methods (with torch)": ["-m", "mergelab", "methods"],
}
ASKED = {"import mergelab": 0.5, "mergelab --help": 0.5}
"""Seconds that may not be reached."""


def main() -> None:
    options = report.parser(__doc__).parse_args()
    timing.pin(2)
    repeats = 2 if options.quick else 9
    found = {title: _seconds(program, repeats) for title, program in PROGRAMS.items()}
    rows = [[title, f"{seconds:.3f} s", *_verdict(title, seconds)] for title, seconds in found.items()]
    table = report.Table(
        f"From the start of the process to its end, medians of {repeats}.", ["program", "wall", "asked", "met"], rows
    )
    report.publish(report.Record("startup", "python benchmarks/startup.py", [table], values=found), options)


def _seconds(program: list[str], repeats: int) -> float:
    _once(program)
    return statistics.median(_once(program) for _ in range(repeats))


def _once(program: list[str]) -> float:
    started = time.perf_counter()
    subprocess.run([sys.executable, *program], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def _verdict(title: str, seconds: float) -> tuple[str, str]:
    if title not in ASKED:
        return "", ""
    return f"< {ASKED[title]:g} s", "yes" if seconds < ASKED[title] else "**no**"


if __name__ == "__main__":
    main()
