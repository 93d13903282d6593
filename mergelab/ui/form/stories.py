"""Guided examples: a state of the page, what to notice in it, and what to try next. The tests measure the figures in the
sentences again on the suites' models."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qsl

from mergelab.checkpoints import list_suites
from mergelab.ui.form.texts.link import VIEW
from mergelab.ui.form.texts.parsed_link import parse_cell


@dataclass(frozen=True)
class Story:
    """`query` is the state of the page as Copy link writes it, `aside` the query of the pinned recipe (empty for none). `line`
    describes the story in the list, and `chart` names the card that `sentences` are about."""

    title: str
    line: str
    query: str
    sentences: tuple[str, ...]
    aside: str = ""
    chart: str = ""

    @property
    def parameters(self) -> dict[str, str]:
        """The parameters of the query by name."""
        return parameters(self.query)

    @property
    def at(self) -> tuple[str, str] | None:
        """The layer and module that the story narrows to; None for all tensors."""
        return parse_cell(self.parameters.get("at", ""))

    @property
    def recipe(self) -> dict[str, str]:
        """The parameters of the recipe, without those that only the browser uses."""
        return {name: value for name, value in self.parameters.items() if name not in VIEW}

    @property
    def tab(self) -> str:
        """The tab that the story opens."""
        return self.parameters.get("tab", "lab")


def parameters(query: str) -> dict[str, str]:
    """The parameters of a query by name."""
    return dict(parse_qsl(query))


STORIES = (
    Story(
        "Two experts that fight",
        "MiniLM: in one matrix, movie reviews and newsgroups pull opposite ways.",
        "v=1&suite=minilm&experts=movie,newsgroups&method=ties&at=5:mlp.down",
        (
            "Over the whole model, conflict among shared weights is 50 %, as with random signs. Here, in the last layer’s “down”, it is 87 %, though few weights are shared.",
            "Press h: density 0.03 leaves less than half of the conflicting weights. Conflict among the few shared weights then is 99 %: the largest changes disagree most.",
            "Then press Merge at 0.2 and at 0.03. Fewer conflicting weights did not help: Movie reviews fell from 86 % to 77 % of 200 examples.",
        ),
        chart="heatmap",
    ),
    Story(
        "DARE at 90 % still works",
        "Pixels: nine of ten changes are dropped at random, and the scores stay.",
        "v=1&suite=pixels&method=task_arithmetic&sparsify=dare&tab=compare",
        (
            "A merges all changes, B one in ten of them, each times ten. No task differs by more than 2 points; 200 examples per task cannot tell the two apart.",
            "Under “Advanced DARE settings” set Rescale to “no”. The mean falls from 75 % to 70 %, which is what the base has: a tenth of every change is next to none.",
            "Set it back to “by 1/density”, and lower the density to 0.02: the mean is 69 %, no better than the base. Too few changes are left, each times fifty.",
        ),
        aside="v=1&suite=pixels&method=task_arithmetic",
        chart="compared-scores",
    ),
    Story(
        "Weights before or after the vote",
        "Pixels: a heavy expert may decide every sign, or only how far to go.",
        "v=1&suite=pixels&method=ties&weigh=after&weight.fashion=2&tab=compare",
        (
            "Fashion-MNIST has weight 2. In A this weight counts in the sign vote, in B only after it.",
            "Both keep the same weights, so the three heatmaps are alike: look at the scores. In B the four other tasks gain 2 to 5 points on 200 examples each, and Fashion-MNIST loses nothing.",
            "On the Tensor tab open a tensor, zoom in to single weights and step to Elect to see the votes. Then try other weights under “Expert weights”.",
        ),
        aside="v=1&suite=pixels&method=ties&weight.fashion=2",
        chart="compared-scores",
    ),
    Story(
        "Frozen tensors and the global threshold",
        "MiniLM: one threshold for the whole model, or one for each tensor.",
        "v=1&suite=minilm&experts=movie,newsgroups,spam&method=ties",
        (
            "See “Kept in each layer”: one threshold keeps 28 % of Movie reviews in layer 0, 9 % in layer 5 and nothing of the pooler. The embeddings are frozen: they stay at 0 and do not count towards the 20 %.",
            "Under “Advanced TIES settings” set “Rank over” to “each tensor”: every row that changed comes to about 20 %. That is the pinned recipe, whose curves are faint.",
            "Merge both and open Compare: 200 examples per task could not tell them apart.",
        ),
        aside="v=1&suite=minilm&experts=movie,newsgroups,spam&method=ties&scope=tensor",
        chart="kept",
    ),
)


def stories() -> dict[str, Story]:
    """The stories about installed suites, by title."""
    suites = list_suites()
    return {story.title: story for story in STORIES if story.parameters["suite"] in suites}
