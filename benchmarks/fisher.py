"""Time of a Fisher estimate against one backward pass per row and class, in one process, as CPU seconds per row.

`python benchmarks/fisher.py` makes a model of MiniLM's shape with random weights; `--task minilm/medical` takes a real expert
and real calibration rows of a suite. The ratio is what counts: the seconds depend on the machine.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import torch
from torch import Tensor, nn

from mergelab.evaluation.calibration import fisher_of

State = dict[str, Tensor]


def main() -> None:
    arguments = _arguments()
    torch.set_num_threads(arguments.threads)
    model, inputs = _suite(arguments.task, arguments.rows) if arguments.task else _random(arguments.rows)
    slow_rows = {
        name: value[:: max(1, arguments.rows // arguments.slow_rows)][: arguments.slow_rows]
        for name, value in inputs.items()
    }
    slow = _seconds(lambda: one_backward_per_class(model, slow_rows), arguments.repeats) / len(slow_rows["input_ids"])
    print(f"one backward per row and class: {slow:.3f} CPU s a row")
    exact = fisher_of(model, inputs, "exact")
    for estimator, samples in (("exact", 1), ("sketched", 1), ("sketched", 4), ("sampled", 1), ("empirical", 1)):
        labels = torch.zeros(arguments.rows, dtype=torch.long)
        times = _seconds(lambda: fisher_of(model, inputs, estimator, samples=samples, labels=labels), arguments.repeats)  # noqa: B023
        found = fisher_of(model, inputs, estimator, samples=samples, labels=labels)
        print(
            f"{estimator:>9} x{samples}: {times / arguments.rows:.3f} CPU s a row, {slow / (times / arguments.rows):5.1f} times faster, {_closeness(found, exact)}"
        )


def one_backward_per_class(model: nn.Module, inputs: State) -> State:
    """The plain way: one forward a row, one backward a class, every gradient squared and weighted."""
    parameters = dict(model.named_parameters())
    sums = {name: torch.zeros_like(value) for name, value in parameters.items()}
    for row in range(len(inputs["input_ids"])):
        length = int(inputs["attention_mask"][row].sum())
        told = model(**{name: value[row : row + 1, :length] for name, value in inputs.items()}).logits.log_softmax(-1)[
            0
        ]
        for log_p in told:
            grads = torch.autograd.grad(log_p, list(parameters.values()), retain_graph=True)
            for total, g in zip(sums.values(), grads, strict=True):
                total.addcmul_(g, g, value=float(log_p.detach().exp()))
    return sums


def _closeness(found: State, exact: State) -> str:
    ours, theirs = (torch.cat([value.flatten() for value in part.values()]).double() for part in (found, exact))
    ours, theirs = ours[theirs > 0], theirs[theirs > 0]
    return f"sum {float(ours.sum() / theirs.sum()):.4f} of exact, correlation {float(torch.corrcoef(torch.stack([ours, theirs]))[0, 1]):.4f}"


def _seconds(work: Callable[[], object], repeats: int) -> float:
    times = []
    for _ in range(repeats):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return statistics.median(times)


def _random(rows: int) -> tuple[nn.Module, State]:
    from transformers import BertConfig, BertForSequenceClassification

    torch.manual_seed(0)
    shape = {"hidden_size": 384, "num_hidden_layers": 6, "num_attention_heads": 12, "intermediate_size": 1536}
    model = BertForSequenceClassification(
        BertConfig(**shape, num_labels=12, initializer_range=0.05, attn_implementation="eager")
    )
    ids = torch.randint(1000, 30000, (rows, 64))
    return model.eval(), {"input_ids": ids, "attention_mask": torch.ones_like(ids)}


def _suite(name: str, rows: int) -> tuple[nn.Module, State]:
    from mergelab.checkpoints import open_checkpoint
    from mergelab.evaluation.evaluate import body_of
    from mergelab.evaluation.kinds import encode
    from mergelab.evaluation.task_models import task_model
    from mergelab.evaluation.tasks import suite_tasks

    suite, _, key = name.partition("/")
    task = suite_tasks(suite)[key]
    head = open_checkpoint(task.head)
    with task_model(body_of(head, open_checkpoint(suite)), head, task.kind, attention="eager") as lent:
        encoded = encode(task.kind, task.rows("calibration", rows), head, lent.config, task.chosen)
        return lent.model, encoded.batch(range(rows))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--task", help="suite/task, such as minilm/medical")
    parser.add_argument("--rows", type=int, default=32)
    parser.add_argument("--slow-rows", type=int, default=3, help="rows that the plain way is timed on")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    return parser.parse_args()


if __name__ == "__main__":
    main()
