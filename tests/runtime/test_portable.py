"""Statistics of rows with the same bits on every x86 processor, where that is asked for in time."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
import torch
from repository import TESTS

from mergelab.evaluation.calibration.statistic_cache import key_of
from mergelab.runtime import portable

PROGRAM = """
import mergelab, torch
from mergelab.evaluation.calibration import fisher_of
from mergelab.checkpoints import hash_state
torch.set_num_threads(1)
layers = torch.nn.Linear(97, 131), torch.nn.Tanh(), torch.nn.Linear(131, 5)
class Classifier(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = torch.nn.Sequential(*layers)
    def forward(self, x):
        return type("Answer", (), {"logits": self.layers(x)})
model = Classifier()
for seed, parameter in enumerate(model.parameters()):
    whole = torch.arange(parameter.numel()).reshape(parameter.shape) * (seed + 37) % 251 - 125
    parameter.data = whole.float() / 512
rows = (torch.arange(11 * 97).reshape(11, 97) % 89 - 44).float() / 32
print(hash_state(fisher_of(model, {"x": rows})), torch.backends.cpu.get_cpu_capability())
"""


def printed(**variables: str) -> list[str]:
    kept = {name: value for name, value in os.environ.items() if name not in portable.INSTRUCTIONS}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=kept | variables, cwd=TESTS, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_fisher_information_is_the_same_by_any_instructions_that_libraries_would_choose() -> None:
    asked = {portable.SWITCH: "1"}
    found, instructions = printed(**asked)
    assert instructions == "DEFAULT"
    assert printed(**asked, ATEN_CPU_CAPABILITY="avx2", MKL_CBWR="AUTO") == [found, "DEFAULT"]


def test_asking_sets_what_libraries_read(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (portable.SWITCH, *portable.INSTRUCTIONS):
        monkeypatch.setenv(name, "")
    assert not portable.asked()
    portable.ask()
    assert portable.asked() and {name: os.environ[name] for name in portable.INSTRUCTIONS} == portable.INSTRUCTIONS


@pytest.mark.skipif(torch.backends.cpu.get_cpu_capability() == "DEFAULT", reason="torch has no other instructions here")
def test_asking_too_late_is_refused_before_a_statistic_is_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(portable.SWITCH, "1")
    with pytest.raises(
        ValueError, match=r"after torch had chosen the instructions \w+; set it before the program starts"
    ):
        key_of({})


def test_portable_statistics_are_kept_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    own = key_of({"a": 1})
    monkeypatch.setenv(portable.SWITCH, "1")
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "DEFAULT")
    assert key_of({"a": 1}) != own
