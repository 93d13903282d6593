"""Gives the merged model a head of its own where the base ties it to the embedding and an expert does not, or the reverse."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from mergelab.checkpoints.alignment.config_parts import everywhere
from mergelab.checkpoints.alignment.frame import Frame
from mergelab.checkpoints.alignment.framed import Alias
from mergelab.checkpoints.alignment.key_alignment import is_vocabulary_head, peeled
from mergelab.checkpoints.alignment.model_tree import model_tree, tied_parameters
from mergelab.checkpoints.alignment.name_map import loaded_places
from mergelab.checkpoints.alignment.tensor_location import address
from mergelab.checkpoints.alignment.tied_weights import equal_tensors, is_also_head
from mergelab.checkpoints.files.interface import Checkpoint
from mergelab.checkpoints.files.phrases import EXPERT, ExpertNote

TIE = "tie_word_embeddings"


def untied_frame(frame: Frame) -> Frame:
    """The frame in which heads correspond although one side stores them and the other ties them to its embedding."""
    base = frame.base  # as it was: the first own head unties the frame's
    for index, expert in enumerate(frame.experts):
        frame = _with_own_heads(frame, index, expert, base)
    for index, expert in enumerate(frame.experts):
        frame = _with_tied_heads(frame, index, expert)
    return frame


def _with_own_heads(frame: Frame, index: int, expert: Checkpoint, base: Checkpoint) -> Frame:
    """An expert's own head meets the base's embedding, which the base also uses as its head."""
    own = [key for key in frame.unmatched(index) if not frame.selection.why_not(key)]
    owners = _owners(base, expert, own)
    for key, owner in owners.items():
        twin = frame.alignments[index].keys.get(owner)
        if twin is None or _width(expert, key) != _width(base, owner):
            continue
        if equal_tensors(expert, key, twin):
            frame = frame.with_passed_over(index, key)
            continue
        name = _own_name(expert, key)
        told = f"{EXPERT} has a head of its own ({name}), which the base ties to {owner}"
        note = f"{told}; the merged model stores both, with tie_word_embeddings: false"
        frame = frame.with_views({name: Alias(base, owner)}, untying(frame.base.config), ExpertNote(expert.name, note))
        frame = frame.with_keys(index, {name: key})
    return frame


def _with_tied_heads(frame: Frame, index: int, expert: Checkpoint) -> Frame:
    """A head that the base stores meets the embedding of an expert that uses this as its head."""
    absent = [key for key in frame.missing(index) if key not in frame.copied]
    owners = _owners(expert, frame.base, absent)
    fitting = {key: owner for key, owner in owners.items() if _width(expert, owner) == _width(frame.base, key)}
    return frame.with_keys(index, fitting) if fitting else frame


def _owners(tied: Checkpoint, stored: Checkpoint, keys: list[str]) -> dict[str, str]:
    """Key of `stored` -> the embedding of `tied` that serves as this head there, by transformers' declaration or by name."""
    widths = {_width(tied, key) for key in tied.specs if address(key) == ("embeddings", "word")}
    keys = [key for key in keys if _width(stored, key) in widths]
    tree = model_tree(tied) if keys else None
    ties = {} if tree is None else tied_parameters(tree)
    if not ties:
        return _by_name(tied, keys)
    places, own = loaded_places(stored), {place: key for key, place in loaded_places(tied).items()}
    declared = {key: own[ties[places[key]]] for key in keys if places.get(key) in ties and ties[places[key]] in own}
    return declared or _by_name(tied, keys)


def _own_name(expert: Checkpoint, key: str) -> str:
    """The head's name in the merged model: that of its parameter, without wrappers of training tools."""
    return loaded_places(expert).get(key) or next(name for name, own in peeled(expert.specs).items() if own == key)


def _width(checkpoint: Checkpoint, key: str) -> tuple[int, ...]:
    """The shape of one token's row: the number of rows may differ."""
    return checkpoint.specs[key].shape[1:]


def _by_name(tied: Checkpoint, keys: list[str]) -> dict[str, str]:
    words = [key for key in tied.specs if address(key) == ("embeddings", "word") and is_also_head(tied, key)]
    return {key: words[0] for key in keys if words and is_vocabulary_head(key) and key.endswith(".weight")}


def untying(config: Mapping[str, object]) -> dict[str, object]:
    """The config entries that keep transformers from tying heads, also in the text part of a multimodal model."""
    return {TIE: False, **everywhere(config, TIE, False)}


def lost_head_notes(base: Checkpoint, expert: Checkpoint, own: Sequence[str]) -> Iterator[str]:
    """Heads among an expert's `own` keys that a base without a config may tie to its embedding: nothing says so, and the
    merged model lacks them. `EXPERT` stands for the expert's name."""
    words = [key for key in base.specs if address(key) == ("embeddings", "word")]
    if base.config or not words:
        return
    for key in own:
        if is_vocabulary_head(key) and key.endswith(".weight") and _is_apart(expert, key, _width(base, words[0])):
            yield (
                f"{EXPERT} has an output head of its own ({key}), which the merged model lacks: the base stores none, and "
                f"has no config that says whether it ties its head to {words[0]}. If it does, give the base that tensor "
                f"under {key} too, and the heads are merged"
            )


def _is_apart(expert: Checkpoint, key: str, width: tuple[int, ...]) -> bool:
    """Whether a head has rows of this width and other values than the expert's embeddings."""
    words = [name for name in expert.specs if address(name) == ("embeddings", "word")]
    return _width(expert, key) == width and not any(equal_tensors(expert, key, name) for name in words)
