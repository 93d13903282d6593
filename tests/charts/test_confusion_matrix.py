"""The confusion matrix: shares of each row, empty rows, the most frequent confusion in words."""

from __future__ import annotations

import numpy

from mergelab.charts.confusion_matrix import confusion_matrix, confusion_summary

COUNTS = numpy.array([[3, 1, 0], [0, 0, 0], [2, 0, 2]])
LABELS = ("cat", "dog", "<b>owl")


def test_each_row_is_coloured_by_its_shares_and_one_without_examples_is_empty() -> None:
    [trace] = confusion_matrix(COUNTS, LABELS).data
    assert trace["z"] == [[0.75, 0.25, 0.0], [None, None, None], [0.5, 0.0, 0.5]]
    assert trace["meta"]["labels"][2] == ["2", "0", "2"]
    assert trace["text"][2][0] == "2 of 4 examples of ‹b›owl answered as cat"


def test_many_classes_have_no_numbers_in_their_cells() -> None:
    [trace] = confusion_matrix(numpy.eye(13, dtype=numpy.int64), [str(number) for number in range(13)]).data
    assert "labels" not in trace["meta"]


def test_the_most_frequent_confusion_is_said() -> None:
    assert confusion_summary(COUNTS, LABELS) == "Most frequent confusion: <b>owl taken for cat, 2 of 4."
    assert confusion_summary(numpy.diag([3, 1, 2]), LABELS) == "Every answer is right."
    assert confusion_summary(numpy.zeros((3, 3), dtype=numpy.int64), LABELS) == ""
