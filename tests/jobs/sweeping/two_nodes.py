"""Sweeps on a Ray cluster of two network namespaces, one of which loses its cable, or does not see a model.

    sudo python tests/jobs/sweeping/two_nodes.py

Each namespace is a node with an address of its own, joined by a virtual cable. The sweep begins on both; once the second node has a
worker its end of the cable is taken down, and the result must be that of a sweep without Ray, to the bit. Then the only node with
processors does not see the folder of the models, which must be told in one sentence. Linux with `ip`, as root.
"""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil
import yaml

from mergelab.checkpoints import open_checkpoint

ROOT = Path(__file__).resolve().parents[3]
HEAD, OTHER = "mergelab-head", "mergelab-other"
ADDRESSES = {HEAD: "10.213.7.1", OTHER: "10.213.7.2"}
PORT = 6379
WORKING = 1.0
"""Seconds that a worker of the second node has before it is cut off."""
RECIPE = {"base": "pixels", "models": ["pixels/mnist", "pixels/upper"], "method": {"name": "ties"}}
SEARCH = ["--over", "method.density=0.05:1:0.01", "--sampler", "tpe", "--points", "24", "--rows", "100"]


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)


@contextmanager
def nodes(folder: Path, *, processors_of_head: int, hidden: Path | None = None) -> Iterator[str]:
    """The address of a Ray head in the first namespace; the second one has a node that does not see `hidden`."""
    try:
        for node in ADDRESSES:
            ip("netns", "add", node)
        ip("link", "add", "cable0", "netns", HEAD, "type", "veth", "peer", "name", "cable1", "netns", OTHER)
        for cable, (node, address) in zip(("cable0", "cable1"), ADDRESSES.items(), strict=True):
            ip("-n", node, "addr", "add", f"{address}/24", "dev", cable)
            for link in ("lo", cable):
                ip("-n", node, "link", "set", link, "up")
        head = f"{ADDRESSES[HEAD]}:{PORT}"
        start = [
            "start",
            "--head",
            "--port",
            str(PORT),
            "--num-cpus",
            str(processors_of_head),
            "--include-dashboard",
            "false",
        ]
        ray(HEAD, [*start, "--temp-dir", str(folder / "ray")])
        ray(OTHER, ["start", "--address", head, "--num-cpus", "1"], hidden)
        yield head
    finally:
        for node in ADDRESSES:
            for pid in pids(node):
                psutil.Process(pid).kill()
            subprocess.run(["ip", "netns", "del", node], check=False)
        time.sleep(1)


def ray(node: str, words: Sequence[str], hidden: Path | None = None) -> None:
    """Run a command of Ray on a node. Mounts stay within one `ip netns exec` and what it starts."""
    words = ["ray", *words, "--node-ip-address", ADDRESSES[node], "--object-store-memory", "80000000"]
    hide = f"mount -t tmpfs none {hidden} && " if hidden else ""
    command = ["ip", "netns", "exec", node, "sh", "-c", hide + 'exec "$@"', "sh", *words]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def pids(node: str) -> list[int]:
    found = subprocess.run(["ip", "netns", "pids", node], capture_output=True, text=True, check=False).stdout
    return [int(pid) for pid in found.split()]


def has_worker(node: str) -> bool:
    """Whether a worker of the sweep has read its order there."""
    return any(
        psutil.pid_exists(pid) and psutil.Process(pid).name().startswith("ray::PointWorker") for pid in pids(node)
    )


def sweep(folder: Path, recipe: Path, cache: str, head: str = "") -> subprocess.Popen[str]:
    """A sweep without Ray, or on the first node."""
    place = ["ip", "netns", "exec", HEAD] if head else []
    backend = ["--backend", "ray", "--address", head, "--workers", "2"] if head else []
    command = [
        *place,
        sys.executable,
        "-m",
        "mergelab",
        "sweep",
        str(recipe),
        *SEARCH,
        "--json",
        "--runs",
        "none",
        *backend,
    ]
    env = {**os.environ, "MERGELAB_CACHE": str(folder / cache)}
    return subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def cut_off(folder: Path, recipe: Path) -> int:
    """The number of differences after the second node has lost its cable."""
    here, _ = sweep(folder, recipe, "here").communicate()
    with nodes(folder, processors_of_head=1) as head:
        searching, began = sweep(folder, recipe, "there", head), time.monotonic()
        while not has_worker(OTHER):
            assert searching.poll() is None, searching.communicate()
            time.sleep(0.1)
        time.sleep(WORKING)
        ip("-n", OTHER, "link", "set", "cable1", "down")
        assert searching.poll() is None, "the sweep had ended before the cable was down"
        there, told = searching.communicate()
    lost = "was lost with its worker" in told
    print(told.strip())
    print(
        f"cut off: {time.monotonic() - began:.0f} s, {'the same' if there == here else 'ANOTHER'} result, {lost=}",
        flush=True,
    )
    return (there != here or not here) + (not lost)


def unseen(folder: Path, models: Path) -> int:
    """Whether a model that the node with the processors does not see is told otherwise than in one sentence."""
    shutil.copytree(open_checkpoint("pixels/mnist").folder, models / "mnist")
    recipe = folder / "unseen.yml"
    recipe.write_text(yaml.safe_dump({**RECIPE, "models": [str(models / "mnist"), "pixels/upper"]}))
    with nodes(folder, processors_of_head=0, hidden=models) as head:
        _, told = sweep(folder, recipe, "unseen", head).communicate()
    print(told.strip(), flush=True)
    return not ("cannot open what the sweep's machine has opened" in told and len(told.strip().splitlines()) == 1)


if __name__ == "__main__":
    os.environ |= {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "OMP_NUM_THREADS": "1"}
    os.environ |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32), "PYTHONPATH": str(ROOT)}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "recipe.yml").write_text(yaml.safe_dump(RECIPE))
        sys.exit(bool(cut_off(folder, folder / "recipe.yml") + unseen(folder, folder / "models")))
