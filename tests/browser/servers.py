"""Servers in processes of their own, started as a person starts them, and how they are lost."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from repository import ROOT


class Server:
    """`mergelab ui` at a free port. It begins with `start`, and may begin again at the same port after `kill`."""

    def __init__(self, folder: Path, cache: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.folder, self.cache, self.address = folder, cache, f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Until it answers. A first start unpacks and merges before that."""
        environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "MERGELAB_CACHE": str(self.cache),
            "MERGELAB_DATA": str(self.cache.parent / "data"),
            "GRADIO_ANALYTICS_ENABLED": "False",
        }
        command = [sys.executable, "-m", "mergelab.cli", "ui", "--port", str(self.port), "--device", "cpu"]
        command += ["--no-read-ahead"]  # no test waits for another suite
        with (self.folder / "log").open("w") as log:
            self._process = subprocess.Popen(
                command, cwd=self.folder, env=environment, stdout=log, stderr=subprocess.STDOUT
            )
        self._wait(time.monotonic() + 240)

    def stop(self) -> None:
        """End it as a person does. A handler that failed may have left no trace on any page, but it left one in the log."""
        if self._process:
            self._process.terminate()
            self._process.wait(15)
        assert "Traceback" not in (log := (self.folder / "log").read_text()), log

    def kill(self) -> None:
        """End it without a word."""
        self._send(signal.SIGKILL)
        if self._process:
            self._process.wait(15)

    def pause(self) -> None:
        """Let it answer nothing, as a machine that sleeps does."""
        self._send(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on where it was."""
        self._send(signal.SIGCONT)

    def _send(self, number: signal.Signals) -> None:
        assert self._process, "the server was not started"
        self._process.send_signal(number)

    def _wait(self, deadline: float) -> None:
        while time.monotonic() < deadline and self._process and self._process.poll() is None:
            try:
                urllib.request.urlopen(f"{self.address}/config", timeout=2).close()
                return
            except (urllib.error.URLError, TimeoutError, ConnectionError):
                time.sleep(0.1)
        raise AssertionError(f"the server did not answer:\n{(self.folder / 'log').read_text()}")
