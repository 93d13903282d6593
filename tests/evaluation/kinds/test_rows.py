import torch

from mergelab.evaluation.kinds import Rows


def rows(counts: dict[int, int]) -> Rows:
    labels = [label for label, count in counts.items() for _ in range(count)]
    return Rows(tuple(f"text {number}" for number in range(len(labels))), torch.tensor(labels))


def test_a_subset_keeps_the_class_shares_and_the_order() -> None:
    chosen = rows({0: 60, 1: 30, 2: 10}).limited(10)
    assert torch.bincount(chosen.labels).tolist() == [6, 3, 1]
    numbers = [int(text.split()[1]) for text in chosen.inputs]
    assert numbers == sorted(numbers)


def test_a_subset_is_the_same_every_time_and_lies_inside_a_larger_one() -> None:
    all_rows = rows({0: 50, 1: 50})
    assert all_rows.limited(10).inputs == all_rows.limited(10).inputs
    assert set(all_rows.limited(10).inputs) < set(all_rows.limited(40).inputs)
    assert all_rows.limited(None) is all_rows.limited(100) is all_rows.limited(1000) is all_rows


def test_images_are_chosen_like_texts() -> None:
    images = torch.arange(8, dtype=torch.uint8).view(8, 1, 1)
    chosen = Rows(images, torch.tensor([0, 0, 0, 0, 1, 1, 1, 1])).limited(4)
    assert torch.bincount(chosen.labels).tolist() == [2, 2]
    assert chosen.inputs.shape == (4, 1, 1)


def test_the_digest_sees_texts_labels_and_their_order() -> None:
    digests = {
        Rows(texts, torch.tensor(labels)).digest()
        for texts, labels in [
            (("ab", "c"), [0, 1]),
            (("a", "bc"), [0, 1]),
            (("c", "ab"), [0, 1]),
            (("ab", "c"), [1, 0]),
        ]
    }
    assert len(digests) == 4
    assert Rows(("ab", "c"), torch.tensor([0, 1])).digest() in digests


def test_the_digest_of_images_sees_their_shape() -> None:
    images = torch.arange(8, dtype=torch.uint8)
    labels = torch.tensor([0, 1])
    assert Rows(images.view(2, 2, 2), labels).digest() != Rows(images.view(2, 4, 1), labels).digest()
