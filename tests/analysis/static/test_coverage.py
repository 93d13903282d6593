"""Which tensors are merged, tied, left out or an expert's own."""

from __future__ import annotations

import torch
from tiny_states import plan_for

from mergelab.analysis.static.coverage import coverage


def test_every_tensor_of_every_model_has_one_row() -> None:
    base = {"encoder.layer.0.output.dense.weight": torch.ones(2, 3), "embeddings.position_ids": torch.arange(4)}
    expert = {**base, "encoder.layer.0.output.dense.weight": torch.zeros(2, 3), "classifier.weight": torch.ones(2, 2)}
    rows = coverage(plan_for({"method": "ties"}, {"a": expert}, base)).set_index("key")
    assert rows["state"].to_dict() == {
        "encoder.layer.0.output.dense.weight": "merged",
        "embeddings.position_ids": "left out",
        "classifier.weight": "own",
    }
    merged = rows.loc["encoder.layer.0.output.dense.weight"]
    assert (merged["shape"], merged["dtype"], merged["entries"], merged["reason"]) == ("2 × 3", "float32", 6, "")
    assert "buffer" in rows.loc["embeddings.position_ids", "reason"] and rows.loc["classifier.weight", "model"] == "a"
