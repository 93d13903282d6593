from __future__ import annotations

from ui.session.sweeping.sweeps_by_hand import point, repeated, score

from mergelab.ui.session.sweeping.point_figure import point_figure

BOTH = (score("task-a", 0.8), score("task-b", 0.6))


def test_the_worst_task_has_its_own_interval() -> None:
    figure = point_figure(point(0, {}, 0.6, scores=BOTH), ["worst"])
    assert figure and (figure.text, figure.is_share) == ("60.0 % (50–70)", True)


def test_a_task_where_less_is_better_is_told_as_measured_and_its_worth_is_negative() -> None:
    bits = score("task-b", 1.5, "bits per byte")
    figure = point_figure(point(0, {}, -1.5, scores=(bits,)), ["task:task-b"])
    assert figure and (figure.value, figure.worth, figure.is_share) == (1.5, -1.5, False)


def test_a_mean_relative_to_the_experts_has_the_interval_of_the_sweep() -> None:
    figure = point_figure(point(0, {}, 0.95, scores=BOTH, errors=(0.05,)), ["normalised"])
    assert figure and figure.text == "95.0 % (90–100)"


def test_the_second_objective_stands_at_the_second_place_and_a_refused_point_has_none() -> None:
    tried = point(0, {}, 0.7, 0.6, scores=BOTH)
    figure = point_figure(tried, ["mean", "worst"], 1)
    assert figure and figure.value == 0.6
    assert point_figure(point(0, {}, 0.7, scores=BOTH), ["mean", "worst"], 1) is None


def test_a_repeated_recipe_is_the_mean_over_its_seeds_between_the_lowest_and_the_highest() -> None:
    figure = point_figure(repeated(0, {}, 0.5, 0.625, 0.75), ["mean"])
    assert figure and (figure.value, figure.lowest, figure.highest) == (0.625, 0.5, 0.75)
    assert figure.text == "62.5 % (52–72), seeds 50–75"
