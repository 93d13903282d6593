"""How long the package takes to import, the command to answer `--help`, and the page to be there.

    python benchmarks/startup.py [--quick]

Each run is a new process with the files in the page cache; an empty program shows what the interpreter takes by itself, and a bare
import of Gradio what the page's own way to import it saves. The page is timed until it answers, with a kept opening.
"""

from __future__ import annotations

import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from functools import partial

import report
import timing

PROGRAMS = {
    "empty program": ["-c", "pass"],
    "import mergelab": ["-c", "import mergelab"],
    "mergelab --help": ["-m", "mergelab", "--help"],
    "mergelab methods (with torch)": ["-m", "mergelab", "methods"],
    "import gradio, as it comes": ["-c", "import gradio"],
    "import gradio, as the page does": ["-c", "import mergelab.ui.page"],
}
PAGE = "mergelab ui, until it answers"
ASKED = {"import mergelab": 0.5, "mergelab --help": 0.5}
"""Seconds that may not be reached."""


def main() -> None:
    options = report.parser(__doc__).parse_args()
    timing.pin(2)
    repeats = 2 if options.quick else 9
    found = {title: _median(partial(_once, program), repeats) for title, program in PROGRAMS.items()}
    with tempfile.TemporaryDirectory() as cache:
        found[PAGE] = _median(partial(_answers, cache), repeats)
    rows = [[title, f"{seconds:.3f} s", *_verdict(title, seconds)] for title, seconds in found.items()]
    table = report.Table(
        f"From the start of the process to its end, medians of {repeats}.", ["program", "wall", "asked", "met"], rows
    )
    report.publish(report.Record("startup", "python benchmarks/startup.py", [table], values=found), options)


def _median(once: Callable[[], float], repeats: int) -> float:
    once()
    return statistics.median(once() for _ in range(repeats))


def _once(program: list[str]) -> float:
    started = time.perf_counter()
    subprocess.run([sys.executable, *program], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def _answers(cache: str) -> float:
    """Seconds from the start of a server to its first answer."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "mergelab", "ui", "--port", str(port), "--runs", "none", "--no-read-ahead"]
    started = time.perf_counter()
    server = subprocess.Popen(command, env={**os.environ, "MERGELAB_CACHE": cache}, stdout=subprocess.DEVNULL)
    try:
        while not _is_there(port):
            time.sleep(0.02)
        return time.perf_counter() - started
    finally:
        server.terminate()
        server.wait()


def _is_there(port: int) -> bool:
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/alive", timeout=1).close()
    except (urllib.error.URLError, TimeoutError, ConnectionError):
        return False
    return True


def _verdict(title: str, seconds: float) -> tuple[str, str]:
    if title not in ASKED:
        return "", ""
    return f"< {ASKED[title]:g} s", "yes" if seconds < ASKED[title] else "**no**"


if __name__ == "__main__":
    main()
