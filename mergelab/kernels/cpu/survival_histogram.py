"""The histograms behind a sketch's curves, from stored numbers in one pass.

The kept deltas of an entry change only at the survival levels of its n experts. At each of these n levels the kernel computes
how every feature changes and adds that to the level's sums. Cumulative sums over levels are the curves.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numba
import numpy
from numba import njit

from mergelab.kernels.arguments import LevelSource
from mergelab.kernels.cpu.floats import Array
from mergelab.kernels.cpu.intrinsics import magnitude
from mergelab.kernels.cpu.simd_accumulate import AT_ONCE, NARROW, WIDE, add_narrow, add_wide
from mergelab.kernels.cpu.sparsifier_mask import BLOCK, UPPER, delta_of, draw
from mergelab.kernels.cpu.stack import CpuStack
from mergelab.kernels.cpu.stack_arrays import inlined, stack_empty, uncounted
from mergelab.kernels.cpu.stored_arrays import gathered, of_any_format, widen

CONFLICTING, AGAINST, NET, AGREEMENT, SIGN_AGREEMENT, SQUARE, CROSS = range(7)
"""Features of an entry's kept deltas: from CROSS on one per model, then whether at least one and at least two are kept."""
KEPT, NORM, REACH = range(3)
"""Features of one model: from REACH on one per model."""
SHARED, OPPOSED, PRODUCT = range(3)
"""Features of a pair of models."""

SPREAD = 8
"""Levels that all stand for never: additions to the same sums would wait for each other."""


class LevelSums(NamedTuple):
    """Float64 sums by level, (n_cuts, n_things, groups, n_levels, 8 or 4): features in groups of 8, the last in a group of 4
    if that is enough."""

    wide: Array
    narrow: Array


class HistogramScratch(NamedTuple):
    """Buffers for a block: all models' deltas and their levels in every cut; the levels of a cut in order, and the deltas that
    arrive there; the base; draws; sums of the kept positive and negative deltas, their counts, their total, the sum of their
    magnitudes, their merged delta; the features before an arrival and their gains.

    With two models a sum of float32 has the right sign; with more, only one that is not rounded.
    """

    values: Array
    levels: Array
    order: Array
    arrived: Array
    anchor: Array
    drawn: Array
    plus: Array
    minus: Array
    exact_plus: Array
    exact_minus: Array
    ups: Array
    downs: Array
    total: Array
    mass: Array
    mean: Array
    before: Array
    gained: Array


def features_of(n_models: int) -> tuple[int, int, int]:
    """Numbers of features of entries, models and pairs. With one or two models, presence follows from the kept counts."""
    return CROSS + n_models + (2 if n_models > 2 else 0), REACH + n_models, PRODUCT + 1


def empty_sums(n_cuts: int, n_things: int, n_levels: int, features: int) -> LevelSums:
    """Zeros, with each row in one cache line."""
    groups = (features + WIDE - NARROW - 1) // WIDE
    rest = int(features > groups * WIDE)
    return LevelSums(
        _aligned(n_cuts, n_things, groups, n_levels, WIDE), _aligned(n_cuts, n_things, rest, n_levels, NARROW)
    )


def gathered_sums(sums: LevelSums, features: int) -> Array:
    """The sums as (n_cuts, n_things, n_levels, features), with one level that stands for never."""
    groups = [part[:, :, group] for part in sums for group in range(part.shape[2])]
    return numpy.concatenate(groups, 3)[:, :, : 1 - SPREAD, :features]


def survival_histograms(stack: CpuStack, levels: LevelSource) -> list[tuple[Array, Array, Array]] | None:
    """The sums of entries, models and pairs for each cut, as `SurvivalHistogram` has them; None if a delta is not finite."""
    n_models = len(stack.experts)
    n_cuts, n_levels, n_features = max(1, len(levels.tables)), levels.never + SPREAD, features_of(n_models)
    things = 1, n_models, n_models * (n_models - 1) // 2
    sums = [empty_sums(n_cuts, count, n_levels, each) for count, each in zip(things, n_features, strict=True)]
    base, experts, mask, start = stack.deltas
    if add_steps(of_any_format(gathered([base])), of_any_format(experts), mask, start, levels, *sums):
        return None
    found = [gathered_sums(each, count) for each, count in zip(sums, n_features, strict=True)]
    return [(_with_presence(entries[0], own, pairs), own, pairs) for entries, own, pairs in zip(*found, strict=True)]


def _with_presence(entries: Array, own: Array, pairs: Array) -> Array:
    """The features of entries, completed by those that are left out for one or two models."""
    if len(own) > 2:
        return entries
    both = pairs[:, :, SHARED].sum(0)
    return numpy.concatenate([entries, (own[:, :, KEPT].sum(0) - both)[:, None], both[:, None]], 1)


def _aligned(*shape: int) -> Array:
    size = int(numpy.prod(shape))
    whole = numpy.zeros(size + WIDE)
    skipped = -whole.ctypes.data % 64 // 8
    return whole[skipped : skipped + size].reshape(shape)


@uncounted
def add_steps(base: Any, experts: Any, mask: Any, start: int, levels: Any, ranks: Any, own: Any, pairs: Any) -> int:
    """Add the gains of all entries of the masked deltas `experts - base` to the sums of entries (`ranks`), models (`own`) and
    pairs.

    `start` is their first entry in the tensor. 1 if a delta is not finite, else 0.
    """
    n_models, bad = len(experts.addresses), 0
    scratch = _scratch_for(len(ranks.wide), n_models)
    for place in range(0, base.length, BLOCK):
        count = min(BLOCK, base.length - place)
        widen(base, 0, place, scratch.anchor[:count])
        for model in range(n_models):
            left, here = scratch.values[model], start + place
            bad |= delta_of(experts, model, place, scratch.anchor[:count], mask, here, scratch.drawn, left)
            for i in range(count, BLOCK):
                left[i] = 0
        for cut in range(len(scratch.levels)):
            for model in range(n_models):
                _find_levels(levels, cut, model, place, start + place, count, scratch)
            _add_block(scratch, scratch.levels[cut], ranks.wide[cut, 0], ranks.narrow[cut, 0])
        _add_own(scratch, own)
        _add_pairs(scratch, pairs)
    return bad


@njit(nogil=True, cache=True, inline="always")
def _scratch_for(n_cuts: int, n_models: int) -> Any:
    lanes = CROSS + n_models + 2 + WIDE
    gained = stack_empty((lanes, BLOCK), numpy.float32)
    for feature in range(lanes):
        _fill(gained[feature], numpy.float32(0))
    return HistogramScratch(
        stack_empty((n_models, BLOCK), numpy.float32),
        stack_empty((n_cuts, n_models, BLOCK), numpy.int16),
        stack_empty((n_models, BLOCK), numpy.int16),
        stack_empty((n_models, BLOCK), numpy.float32),
        stack_empty((BLOCK,), numpy.float32),
        stack_empty((BLOCK,), numpy.uint32),
        stack_empty((BLOCK,), numpy.float32),
        stack_empty((BLOCK,), numpy.float32),
        stack_empty((BLOCK,), numpy.float64),
        stack_empty((BLOCK,), numpy.float64),
        stack_empty((BLOCK,), numpy.float32),
        stack_empty((BLOCK,), numpy.float32),
        stack_empty((BLOCK,), numpy.float32),
        stack_empty((BLOCK,), numpy.float32),
        stack_empty((BLOCK,), numpy.float32),
        stack_empty((lanes, BLOCK), numpy.float32),
        gained,
    )


@uncounted
def _find_levels(levels: Any, cut: int, model: int, place: int, start: int, count: int, scratch: Any) -> None:
    """Write a model's levels in a block, of which `count` entries exist."""
    found, values, drawn = scratch.levels[cut, model], scratch.values[model], scratch.drawn
    never = numpy.int16(levels.never)
    if len(levels.given):
        given = levels.given[model, place : place + count]
        for i in range(count):
            found[i] = given[i]
    elif len(levels.keys):
        table = levels.tables[cut, model]
        draw(levels.keys[model, 0], levels.keys[model, 1], start, UPPER, drawn)
        for i in range(count):
            found[i] = table[drawn[i] >> numpy.uint32(16)]
    else:
        table = levels.tables[cut, model]
        for i in range(count):
            found[i] = table[magnitude(values[i]) >> numpy.uint32(16)]
    for i in range(BLOCK):
        level, spread = found[i], numpy.int16(never + numpy.int16(i & (SPREAD - 1)))
        found[i] = spread if values[i] == 0 or level >= never else level


@uncounted
def _add_block(scratch: Any, levels: Array, wide: Array, narrow: Array) -> None:
    """Add the gains of a block whenever an expert arrives at one of its `levels`."""
    n_models, gained = len(scratch.values), scratch.gained
    _arrange(levels, scratch.values, scratch.order, scratch.arrived)
    _clear(scratch)
    for step in range(n_models):
        _keep(scratch.arrived[step], scratch)
        _gain(scratch)
        if n_models > 2:
            _fill(gained[CROSS + n_models], numpy.float32(step == 0))
            _fill(gained[CROSS + n_models + 1], numpy.float32(step == 1))
        _add_rows(gained, scratch.order[step], wide, narrow)


@uncounted
def _arrange(levels: Array, values: Array, order: Array, arrived: Array) -> None:
    """Sort each entry's levels in rising order, and its deltas along."""
    for model in range(len(levels)):
        for i in range(BLOCK):
            order[model, i] = levels[model, i]
        for i in range(BLOCK):
            arrived[model, i] = values[model, i]
        for earlier in range(model):
            _exchange_values(order[earlier], order[model], arrived[earlier], arrived[model])
            _exchange_levels(order[earlier], order[model])


@njit(nogil=True, cache=True, inline="always")
def _exchange_values(low: Array, high: Array, first: Array, second: Array) -> None:
    for i in range(BLOCK):
        one, other, turned = first[i], second[i], high[i] < low[i]
        first[i] = other if turned else one
        second[i] = one if turned else other


@njit(nogil=True, cache=True, inline="always")
def _exchange_levels(low: Array, high: Array) -> None:
    for i in range(BLOCK):
        one, other = low[i], high[i]
        low[i] = other if other < one else one
        high[i] = one if other < one else other


@uncounted
def _clear(scratch: Any) -> None:
    """Start with nothing kept."""
    _fill(scratch.plus, numpy.float32(0))
    _fill(scratch.minus, numpy.float32(0))
    _fill(scratch.exact_plus, 0.0)
    _fill(scratch.exact_minus, 0.0)
    _fill(scratch.ups, numpy.float32(0))
    _fill(scratch.downs, numpy.float32(0))
    for feature in range(CROSS + len(scratch.values)):
        _fill(scratch.before[feature], numpy.float32(0))


@inlined
def _fill(row: Array, value: float) -> None:
    for i in range(BLOCK):
        row[i] = value


@uncounted
def _keep(arrived: Array, scratch: Any) -> None:
    """Add deltas to the kept ones: update sums and counts, and the mean of those that agree with the sum."""
    _number(arrived, scratch.ups, scratch.downs)
    if len(scratch.values) > 2:
        _sum_up(arrived, scratch.exact_plus, scratch.exact_minus, scratch)
    else:
        _sum_up(arrived, scratch.plus, scratch.minus, scratch)


@uncounted
def _sum_up(arrived: Array, plus: Array, minus: Array, scratch: Any) -> None:
    _take(arrived, plus, minus)
    _add_up(plus, minus, scratch.total, scratch.mass)
    _elect(scratch.total, plus, minus, scratch.ups, scratch.downs, scratch.mean)


@njit(nogil=True, cache=True, inline="always")
def _take(values: Array, plus: Array, minus: Array) -> None:
    for i in range(BLOCK):
        value = values[i]
        plus[i] += value if value > 0 else numpy.float32(0)
        minus[i] += value if value < 0 else numpy.float32(0)


@njit(nogil=True, cache=True, inline="always")
def _number(values: Array, ups: Array, downs: Array) -> None:
    for i in range(BLOCK):
        value = values[i]
        ups[i] += numpy.float32(value > 0)
        downs[i] += numpy.float32(value < 0)


@njit(nogil=True, cache=True, inline="always")
def _add_up(plus: Array, minus: Array, total: Array, mass: Array) -> None:
    for i in range(BLOCK):
        total[i] = numpy.float32(plus[i] + minus[i])
        mass[i] = numpy.float32(plus[i] - minus[i])


@njit(nogil=True, cache=True, inline="always")
def _elect(total: Array, plus: Array, minus: Array, ups: Array, downs: Array, mean: Array) -> None:
    for i in range(BLOCK):
        above, below, sign = numpy.float32(plus[i]), numpy.float32(minus[i]), total[i]
        up, down = ups[i], downs[i]
        agreeing = (above if sign > 0 else below) / (up if sign > 0 else down)
        mean[i] = numpy.float32(0) if sign == 0 else agreeing


@uncounted
def _gain(scratch: Any) -> None:
    """Compute how every feature changed since the previous arrival."""
    before, gained, ups, downs = scratch.before, scratch.gained, scratch.ups, scratch.downs
    _gain_conflicts(ups, downs, before[CONFLICTING], gained[CONFLICTING])
    _gain_against(scratch.total, ups, downs, before[AGAINST], gained[AGAINST])
    _gain_sizes(scratch.total, before[NET], gained[NET])
    _gain_agreement(scratch.total, scratch.mass, before[AGREEMENT], gained[AGREEMENT])
    _gain_sign_agreement(ups, downs, before[SIGN_AGREEMENT], gained[SIGN_AGREEMENT])
    _gain_products(scratch.mean, scratch.mean, before[SQUARE], gained[SQUARE])
    for model in range(len(scratch.values)):
        _gain_products(scratch.mean, scratch.values[model], before[CROSS + model], gained[CROSS + model])


@njit(nogil=True, cache=True, inline="always")
def _gain_conflicts(ups: Array, downs: Array, before: Array, gained: Array) -> None:
    for i in range(BLOCK):
        now = numpy.float32((ups[i] > 0) & (downs[i] > 0))
        gained[i] = now - before[i]
        before[i] = now


@njit(nogil=True, cache=True, inline="always")
def _gain_against(total: Array, ups: Array, downs: Array, before: Array, gained: Array) -> None:
    for i in range(BLOCK):
        votes, mass = ups[i] - downs[i], total[i]
        now = numpy.float32(((votes > 0) != (mass > 0)) | ((votes < 0) != (mass < 0)))
        gained[i] = now - before[i]
        before[i] = now


@njit(nogil=True, cache=True, inline="always")
def _gain_sizes(total: Array, before: Array, gained: Array) -> None:
    for i in range(BLOCK):
        now = abs(total[i])
        gained[i] = now - before[i]
        before[i] = now


@njit(nogil=True, cache=True, inline="always")
def _gain_agreement(total: Array, mass: Array, before: Array, gained: Array) -> None:
    for i in range(BLOCK):
        now = abs(total[i]) / mass[i]
        gained[i] = now - before[i]
        before[i] = now


@njit(nogil=True, cache=True, inline="always")
def _gain_sign_agreement(ups: Array, downs: Array, before: Array, gained: Array) -> None:
    for i in range(BLOCK):
        now = abs(ups[i] - downs[i]) / (ups[i] + downs[i])
        gained[i] = now - before[i]
        before[i] = now


@njit(nogil=True, cache=True, inline="always")
def _gain_products(mean: Array, other: Array, before: Array, gained: Array) -> None:
    for i in range(BLOCK):
        now = mean[i] * other[i]
        gained[i] = now - before[i]
        before[i] = now


@uncounted
def _add_own(scratch: Any, sums: Any) -> None:
    """Add each model's features at its own level, in every cut."""
    n_models, gained = len(scratch.values), scratch.gained
    _fill(gained[KEPT], numpy.float32(1))
    for model in range(n_models):
        values = scratch.values[model]
        _sizes(values, gained[NORM])
        for other in range(n_models):
            _products(values, scratch.values[other], gained[REACH + other])
        for cut in range(len(scratch.levels)):
            _add_rows(gained, scratch.levels[cut, model], sums.wide[cut, model], sums.narrow[cut, model])


@uncounted
def _add_pairs(scratch: Any, sums: Any) -> None:
    """Add each pair's features at the level of its second arrival, in every cut."""
    n_models, gained, number = len(scratch.values), scratch.gained, 0
    _fill(gained[SHARED], numpy.float32(1))
    for first in range(n_models):
        for second in range(first + 1, n_models):
            one, other = scratch.values[first], scratch.values[second]
            _oppositions(one, other, gained[OPPOSED])
            _products(one, other, gained[PRODUCT])
            for cut in range(len(scratch.levels)):
                _later(scratch.levels[cut, first], scratch.levels[cut, second], scratch.order[0])
                _add_narrow_rows(gained, scratch.order[0], sums.narrow[cut, number, 0])
            number += 1


@njit(nogil=True, cache=True, inline="always")
def _sizes(values: Array, sizes: Array) -> None:
    for i in range(BLOCK):
        sizes[i] = abs(values[i])


@njit(nogil=True, cache=True, inline="always")
def _products(one: Array, other: Array, products: Array) -> None:
    for i in range(BLOCK):
        products[i] = one[i] * other[i]


@njit(nogil=True, cache=True, inline="always")
def _oppositions(one: Array, other: Array, opposed: Array) -> None:
    for i in range(BLOCK):
        opposed[i] = numpy.float32((one[i] > 0) != (other[i] > 0))


@njit(nogil=True, cache=True, inline="always")
def _later(one: Array, other: Array, later: Array) -> None:
    for i in range(BLOCK):
        first, second = one[i], other[i]
        later[i] = first if first > second else second


@uncounted
def _add_rows(gained: Array, levels: Array, wide: Array, narrow: Array) -> None:
    """Add the features of a block to the sums of its levels."""
    rows = numba.uintp(levels.ctypes.data)
    for group in range(len(wide)):
        features, totals = numba.uintp(gained[WIDE * group].ctypes.data), numba.uintp(wide[group].ctypes.data)
        for first in range(0, BLOCK, AT_ONCE):
            add_wide(features + numba.uintp(4 * first), rows + numba.uintp(2 * first), totals)
    if len(narrow):
        _add_narrow_rows(gained[WIDE * len(wide) :], levels, narrow[0])


@uncounted
def _add_narrow_rows(gained: Array, levels: Array, narrow: Array) -> None:
    rows, features = numba.uintp(levels.ctypes.data), numba.uintp(gained.ctypes.data)
    totals = numba.uintp(narrow.ctypes.data)
    for first in range(0, BLOCK, AT_ONCE):
        add_narrow(features + numba.uintp(4 * first), rows + numba.uintp(2 * first), totals)
