"""What an adapter makes of an embedding and an output head that are one tensor in its base."""

from __future__ import annotations

from dataclasses import replace

from mergelab.checkpoints.lora.stored.stored_weights import Stored


def roles(embedding: Stored, head: Stored, keeps_ties: bool) -> tuple[Stored, Stored]:
    """What PEFT's model uses as its embedding and as its head; equal if they are still one tensor.

    The base's tensor, also if it was stored in full because tokens were added, serves both. Replaced rows serve both
    unless the head has others. Factors, and copies from modules_to_save, serve the module that they were trained for:
    PEFT's model then has two different weights. With `ensure_weight_tying` (`keeps_ties`) they serve both, except for
    DoRA, whose magnitudes differ between an embedding and a head.
    """
    shared = next((stored.full for stored in (embedding, head) if stored.full and not stored.own), "")
    embedding = embedding if embedding.own else replace(embedding, full=shared)
    head = head if head.own else replace(head, full=shared)
    if embedding.rows and (not head.rows or head.ids == embedding.ids):
        head = replace(head, rows=embedding.rows, ids=embedding.ids)
    if keeps_ties and (embedding.own or embedding.down) and not (embedding.magnitude or head.magnitude):
        head = embedding
    return embedding, head
