"""Options and fixtures that all tests share."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import pytest
import torch
from hypothesis import settings

# Tensors here are tiny: more threads only wait for each other.
torch.set_num_threads(1)
# A busy machine is no fault: no example has to end within a time.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
# Without a GPU Triton's kernels run in its interpreter, if that is said before anything imports triton.
if not torch.cuda.is_available():
    os.environ["TRITON_INTERPRET"] = "1"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--golden",
        type=Path,
        default=Path(__file__).parent / "conformance" / "golden",
        help="folder of golden cases to run",
    )
    parser.addoption("--all-processors", action="store_true", help="try every instruction set, and kernels too")


def pytest_collection_finish() -> None:
    """Libraries and tests stay until the end. Looking through all of them for garbage, again and again while kernels are
    compiled, takes a tenth of the time."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads or fills a person's cache or data; suites are unpacked once for the whole session."""
    monkeypatch.setenv("MERGELAB_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))
    monkeypatch.setenv("MERGELAB_DATA", str(tmp_path_factory.getbasetemp() / "data"))
    monkeypatch.setenv("TRACKIO_DIR", str(tmp_path_factory.getbasetemp() / "trackio"))  # read once, at trackio's import
