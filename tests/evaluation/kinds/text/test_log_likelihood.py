from pathlib import Path

import pytest
import torch
from tiny_task_models import language_model
from torch import Tensor
from transformers import AutoModelForCausalLM

from mergelab.evaluation.kinds.text import log_likelihood
from mergelab.evaluation.kinds.text.log_likelihood import TokenWindow, grouped, of_options, of_windows


class Known:
    """Text after which token 0 has the probability 1/2 and tokens 1 and 2 have 1/4, whatever comes."""

    def __init__(self, rows: int) -> None:
        self.logits = torch.tensor([0.5, 0.25, 0.25]).log().expand(rows, 3)

    def select(self, rows: Tensor) -> None:
        self.logits = self.logits[rows]

    def feed(self, ids: Tensor) -> Tensor:
        return self.logits[:, None].expand(*ids.shape, 3)


def test_an_option_is_as_likely_as_the_product_of_its_tokens() -> None:
    found = of_options(Known(2), [[[0], [0, 1]], [[1, 1, 1], [2], [0, 0]]])
    assert [[round(torch.tensor(value).exp().item(), 6) for value in row] for row in found] == [
        [0.5, 0.125],
        [0.015625, 0.25, 0.25],
    ]


def test_an_option_without_a_token_is_refused() -> None:
    with pytest.raises(ValueError, match="no token for an option"):
        of_options(Known(1), [[[0], []]])


@torch.inference_mode()
def test_the_targets_of_a_window_are_as_likely_as_alone_and_in_groups_of_any_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = AutoModelForCausalLM.from_pretrained(language_model(tmp_path)).eval()
    windows = [TokenWindow((1, 2, 3), (4,)), TokenWindow((5,), (6,)), TokenWindow((1, 2, 3, 4, 5), (3, 4, 5, 6))]
    alone = []
    for window in windows:
        log_p = model(torch.tensor([window.ids])).logits[0].log_softmax(-1)[-len(window.targets) :]
        alone.append(sum(float(log_p[place, token]) for place, token in enumerate(window.targets)))
    assert of_windows(model, windows, "cpu") == pytest.approx(alone, abs=1e-5)
    monkeypatch.setattr(log_likelihood, "MOST_LOGITS", 1)
    assert of_windows(model, windows, "cpu") == pytest.approx(alone, abs=1e-5)


def test_groups_hold_what_fits_at_once_and_at_least_one_place() -> None:
    assert list(grouped([0.2, 0.4, 0.4, 3.0, 0.5])) == [[0, 1], [2], [3], [4]]
    assert list(grouped([])) == []
