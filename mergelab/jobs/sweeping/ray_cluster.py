"""Finds the Ray cluster that a sweep uses."""

from __future__ import annotations

import importlib.util
import logging
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from mergelab.sweeps import SweepError

CONNECTING = 5.0
"""Seconds within which a machine must take a connection."""
ANSWERING = 30.0
"""Seconds within which what listens there must have answered as a Ray head does."""
ADDRESS = "RAY_ADDRESS"
NEXT = "look at `ray status` on the head node, and give the address that `ray start --head` told, such as 10.0.0.1:6379"


@dataclass(frozen=True)
class RayCluster:
    """A Ray cluster by the address of its head, `host:port` or `auto`, and how many workers a sweep has there.

    Without an address it is $RAY_ADDRESS, else the cluster that this machine belongs to, else this machine alone. Without a number
    there are as many workers as the cluster's processors allow.
    """

    address: str | None = None
    workers: int | None = None

    @contextmanager
    def joined(self) -> Iterator[None]:
        """While this process belongs to the cluster; one that it has joined before is used, and not left. Raises `SweepError`."""
        if importlib.util.find_spec("ray") is None:
            raise SweepError(
                "a sweep on a Ray cluster needs the package ray; run pip install 'mergelab[cluster]' here and on every node"
            )
        import ray

        if ray.is_initialized():
            self._check_joined(ray.get_runtime_context().gcs_address)
            yield
            return
        self._join()
        try:
            yield
        finally:
            ray.shutdown()

    def _check_joined(self, joined: str) -> None:
        if self.address not in (None, "auto", joined):
            raise SweepError(
                f"this process belongs to the Ray cluster {joined} and cannot use {self.address}; leave it with ray.shutdown() before"
            )

    def _join(self) -> None:
        import ray

        address = self.address or os.environ.get(ADDRESS)
        if address not in (None, "", "auto", "local"):
            _check_answers(address)
        try:
            ray.init(address=address or None, include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR)
        except (ray.exceptions.RayError, OSError, RuntimeError, ValueError) as error:
            told = " ".join(str(error).split())
            raise SweepError(
                f"the Ray cluster {address or 'of this machine'} cannot be joined: {told}; {NEXT}"
            ) from error


def _check_answers(address: str) -> None:
    """Refuse an address where no Ray head answers: Ray itself would wait there for ever."""
    host, _, port = address.rpartition(":")
    if "://" in address or not host or not port.isdecimal():
        raise SweepError(
            f"{address} is no address of a Ray head; start the sweep on a node of the cluster, with auto or with host:port such as "
            "10.0.0.1:6379"
        )
    try:
        socket.create_connection((host, int(port)), CONNECTING).close()
    except (OSError, OverflowError) as error:
        raise SweepError(f"no Ray head answers at {address} ({error}); {NEXT}") from error
    asking = [sys.executable, "-m", "ray.scripts.scripts", "health-check", "--address", address]
    try:
        subprocess.run(asking, check=True, capture_output=True, timeout=ANSWERING)
    except subprocess.SubprocessError as error:
        raise SweepError(f"what listens at {address} does not answer as a Ray head does; {NEXT}") from error
