"""Kills a server at random moments while programs merge on it, and asks its runs what became of them.

    python tests/runs/kill_campaign.py [--kills N]

A run counts as acknowledged when the server has answered a call with its number. After each kill -9 every acknowledged run
must be there, done, with the scores of the answer; after several kills, and some seconds of silence, no run may still count as running.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path
from typing import Any

from gradio_client import Client

from mergelab.runs import RunState, RunStore

ROOT = Path(__file__).resolve().parents[2]
START = 120.0
LONGEST_LIFE = 3.0
"""Seconds after the first answer within which a server is killed."""
LOST = 16.0
"""Seconds after which a silent process's runs are interrupted."""


class Killed:
    """A server at one port, with its runs in one folder, that starts again after it was killed."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.folder, self.address = folder, f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        data = {"MERGELAB_DATA": str(self.folder / "data"), "MERGELAB_CACHE": str(self.folder / "cache")}
        command = [
            sys.executable,
            "-m",
            "mergelab",
            "ui",
            "--port",
            str(self.port),
            "--device",
            "cpu",
            "--no-read-ahead",
        ]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                command, cwd=ROOT, env={**os.environ, **data}, stdout=log, stderr=log, start_new_session=True
            )
        deadline = time.monotonic() + START
        while time.monotonic() < deadline:
            try:
                urllib.request.urlopen(f"{self.address}/config", timeout=2).close()
                return
            except OSError:
                time.sleep(0.1)
        raise AssertionError((self.folder / "log").read_text())

    def kill(self) -> None:
        """The server and its workers at once, as when a machine loses its power."""
        assert self._process
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


def merge_until_killed(address: str, acknowledged: dict[int, dict[str, Any]], first: threading.Event) -> None:
    """Merge one recipe after another, and keep each answer by the number of its run."""
    try:
        client = Client(address, verbose=False)
        while True:
            density = round(random.uniform(0.05, 0.95), 6)
            recipe = f"base: pixels\nmodels: [pixels/fashion, pixels/mnist]\nmethod: {{name: ties, density: {density}}}"
            answer = client.predict(recipe, tasks=["fashion"], rows=20, api_name="/merge")
            acknowledged[answer["run"]] = answer
            first.set()
    except Exception as error:  # the server is gone, however the client says that
        print(f"  a client ended: {type(error).__name__}", flush=True)


def lost(store: RunStore, acknowledged: dict[int, dict[str, Any]]) -> list[str]:
    """What is missing or different of the acknowledged runs."""
    found = []
    kept = {run.id: run for run in store.runs(archived=None)}
    for number, answer in acknowledged.items():
        run = kept.get(number)
        if run is None or run.state is not RunState.DONE or run.result is None:
            found.append(f"run {number} is {run.state.value if run else 'gone'}")
        elif [score.value for score in run.result.scores] != [score["value"] for score in answer["scores"]]:
            found.append(f"run {number} has other scores")
        elif run.request.digest != answer["digest"]:
            found.append(f"run {number} is of another recipe")
    return found


def campaign(kills: int) -> int:
    """The number of lost runs."""
    missing: list[str] = []
    with tempfile.TemporaryDirectory() as name:
        server, acknowledged = Killed(Path(name)), dict[int, dict[str, Any]]()
        place = Path(name) / "data" / "runs.sqlite"
        for round_ in range(kills):
            server.start()
            first = threading.Event()
            clients = [
                threading.Thread(target=merge_until_killed, args=(server.address, acknowledged, first), daemon=True)
                for _ in range(2)
            ]
            for client in clients:
                client.start()
            assert first.wait(START), "no merge was answered"
            time.sleep(random.uniform(0, LONGEST_LIFE))
            server.kill()
            for client in clients:
                client.join(30)
            store = RunStore.open(place)
            missing = lost(store, acknowledged)
            store.close()
            print(f"kill {round_ + 1}: {len(acknowledged)} acknowledged, {len(missing)} lost", flush=True)
        waited = kills > 1
        time.sleep(LOST if waited else 0)
        store = RunStore.open(place)
        states = [run.state for run in store.runs(archived=None)]
        store.close()
    running = sum(not state.has_ended for state in states)
    interrupted = states.count(RunState.INTERRUPTED)
    print(*missing, sep="\n")
    print(
        f"{kills} kills, {len(acknowledged)} acknowledged, {len(missing)} lost, {interrupted} interrupted, {running} still running"
    )
    return len(missing) + (running if waited else 0)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=30)
    sys.exit(bool(campaign(parser.parse_args().kills)))
