"""Accuracy and the confusion matrix."""

from typing import Any

import pytest
import torch
from hypothesis import event, given
from hypothesis import strategies as st

from minicnn.metrics import accuracy, class_table, confusion_matrix, top_k_accuracy

K = 4
classes = st.integers(0, K - 1)
pairs = st.lists(st.tuples(classes, classes), min_size=1, max_size=30)


def one_hot(predictions: list[int]) -> torch.Tensor:
    """Logits whose largest entry is the prediction."""
    return torch.eye(K)[predictions].reshape(-1, K)


@given(pairs)
def test_accuracy_is_the_fraction_of_equal_pairs(examples: list[tuple[int, int]]) -> None:
    predicted, true = (list(column) for column in zip(*examples, strict=True))
    result = accuracy(one_hot(predicted), torch.tensor(true))
    assert result.shape == ()
    assert result.dtype == torch.float32
    fraction = sum(p == t for p, t in examples) / len(examples)
    assert torch.equal(result, torch.tensor(fraction))


@given(pairs)
def test_confusion_matrix_counts_pairs_of_true_and_predicted(
    examples: list[tuple[int, int]],
) -> None:
    predicted, true = (list(column) for column in zip(*examples, strict=True))
    matrix = confusion_matrix(torch.tensor(predicted), torch.tensor(true), K)
    expected = [[examples.count((p, t)) for p in range(K)] for t in range(K)]
    assert torch.equal(matrix, torch.tensor(expected))
    assert torch.equal(confusion_matrix(one_hot(predicted), torch.tensor(true), K), matrix)
    assert matrix.sum() == len(examples)
    right = accuracy(one_hot(predicted), torch.tensor(true))
    torch.testing.assert_close(matrix.trace() / len(examples), right)


def test_rows_are_true_and_columns_predicted() -> None:
    matrix = confusion_matrix(torch.tensor([2]), torch.tensor([1]), 3)
    assert matrix.tolist() == [[0, 0, 0], [0, 0, 1], [0, 0, 0]]


def test_ties_go_to_the_first_class() -> None:
    assert accuracy(torch.zeros(2, 3), torch.tensor([0, 1])) == 0.5
    assert top_k_accuracy(torch.zeros(3, 3), torch.tensor([0, 1, 2]), 2) == torch.tensor(2 / 3)


scores = st.sampled_from([-1.0, 0.0, 0.5, 2.0, float("inf"), float("-inf"), float("nan")])


@given(st.data(), st.integers(1, 8), st.integers(1, 6))
def test_top_k_accuracy_counts_examples_with_fewer_than_k_better_classes(
    data: st.DataObject, rows: int, classes: int
) -> None:
    k = data.draw(st.integers(1, classes))
    numbers = data.draw(st.lists(scores, min_size=rows * classes, max_size=rows * classes))
    logits = torch.tensor(numbers).reshape(rows, classes)
    labels = data.draw(st.lists(st.integers(0, classes - 1), min_size=rows, max_size=rows))
    # As Python sorts: stable, and with NaN first, as torch's argmax takes it for the largest.
    hits = 0
    for row, label in zip(logits.tolist(), labels, strict=True):
        order = sorted(
            range(classes), key=lambda c: (row[c] == row[c], -row[c] if row[c] == row[c] else 0)
        )
        hits += label in order[:k]
    result = top_k_accuracy(logits, torch.tensor(labels), k)
    assert torch.equal(result, torch.tensor([float(i < hits) for i in range(rows)]).mean())
    assert torch.equal(
        top_k_accuracy(logits, torch.tensor(labels), 1), accuracy(logits, torch.tensor(labels))
    )
    assert top_k_accuracy(logits, torch.tensor(labels), classes) == 1.0


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((torch.eye(3), torch.arange(3), 4), ValueError, "k must be at most 3, the number of cl"),
        ((torch.eye(3), torch.arange(3), 0), ValueError, "k must be at least 1, got 0"),
        ((torch.eye(3), torch.arange(3), 2.0), TypeError, "k must be an integer, got 2.0"),
        ((torch.eye(3), torch.arange(2), 1), ValueError, r"logits must have shape \(N, K\) with N"),
        ((torch.eye(3), torch.eye(3), 1), TypeError, "labels must be integers, got torch.float32"),
    ],
)
def test_top_k_accuracy_refuses_what_does_not_fit(
    arguments: tuple[Any, ...], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        top_k_accuracy(*arguments)


def test_a_label_out_of_range_counts_as_wrong() -> None:
    assert accuracy(torch.eye(2), torch.tensor([0, 7])) == 0.5


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int32, torch.int64])
def test_labels_of_any_integer_type(dtype: torch.dtype) -> None:
    labels = torch.tensor([0, 99], dtype=dtype)
    assert accuracy(torch.eye(100)[[0, 99]], labels) == 1.0
    matrix = confusion_matrix(labels, labels, 100)
    assert matrix.nonzero().tolist() == [[0, 0], [99, 99]]  # cell 99 · 100 + 99 exceeds uint8


def test_the_confusion_matrix_of_nothing_is_zero() -> None:
    empty = torch.zeros(0, dtype=torch.int64)
    assert torch.equal(confusion_matrix(empty, empty, 2), torch.zeros(2, 2, dtype=torch.int64))


def test_accuracy_works_under_vmap() -> None:
    logits, labels = torch.randn(3, 5, K, generator=torch.Generator().manual_seed(0)), torch.ones(5)
    each = torch.vmap(accuracy, in_dims=(0, None))(logits, labels.long())
    assert torch.equal(each, torch.stack([accuracy(x, labels.long()) for x in logits]))


@pytest.mark.parametrize(
    ("logits", "labels", "error", "message"),
    [
        (torch.zeros(2), torch.tensor([1, 1]), ValueError, r"logits must have .* \(N, K\)"),
        (torch.zeros(3, 4), torch.tensor([1, 1]), ValueError, r"N = 2 labels.* got \(3, 4\)"),
        (torch.zeros(0, 4), torch.zeros(0, dtype=torch.int64), ValueError, r"got \(0, 4\)"),
        (torch.zeros(2, 4), torch.zeros(2, 1).long(), ValueError, r"labels must have shape \(N,\)"),
        (
            torch.zeros(2, 4),
            torch.zeros(2),
            TypeError,
            "labels must be integers, got torch.float32",
        ),
    ],
)
def test_accuracy_refuses_wrong_shapes_and_dtypes(
    logits: torch.Tensor, labels: torch.Tensor, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        accuracy(logits, labels)


@pytest.mark.parametrize(
    ("predictions", "labels", "num_classes", "error", "message"),
    [
        ([0, 1], [0, 2], 2, ValueError, r"labels must be in \[0, 2\), got 2"),
        ([0, -1], [0, 1], 2, ValueError, r"predictions must be in \[0, 2\), got -1"),
        ([0, 1, 1], [0, 1], 2, ValueError, r"predictions must be 2 classes, or .* \(2, 2\), got"),
        ([[0.0, 1.0, 2.0]], [0], 2, ValueError, r"got torch.float32 \(1, 3\)"),
        ([0.0, 1.0], [0, 1], 2, ValueError, r"got torch.float32 \(2,\)"),
        ([0, 1], [0.0, 1.0], 2, TypeError, "labels must be integers"),
        ([0, 1], [0, 1], 0, ValueError, "num_classes must be at least 1, got 0"),
    ],
)
def test_the_confusion_matrix_refuses_wrong_shapes_and_dtypes(
    predictions: list[float],
    labels: list[float],
    num_classes: int,
    error: type[Exception],
    message: str,
) -> None:
    with pytest.raises(error, match=message):
        confusion_matrix(torch.tensor(predictions), torch.tensor(labels), num_classes)


@given(st.integers(2, 5), st.data())
def test_the_table_of_classes_counts_what_the_confusion_matrix_counts(k, data):
    n = data.draw(st.integers(1, 12))
    labels, predicted = (
        torch.tensor(data.draw(st.lists(st.integers(0, k - 1), min_size=n, max_size=n)))
        for _ in range(2)
    )
    event(f"{'some' if (labels != predicted).any() else 'no'} mistakes")
    header, *rows = class_table(torch.eye(k)[predicted], labels)
    assert header == ("class", "images", "correct", "accuracy", "most often taken for")
    assert [row[0] for row in rows] == [str(c) for c in range(k)]
    for c, (_, total, correct, share, mistake) in enumerate(rows):
        of_class = predicted[labels == c]
        wrong = of_class[of_class != c].bincount(minlength=k)
        assert (int(total), int(correct)) == (len(of_class), int((of_class == c).sum()))
        if len(of_class):
            assert share == f"{(of_class == c).double().mean():.2%}"
        else:
            assert share == "no images"
        if wrong.any():
            assert mistake == f"{int(wrong.argmax())} ({int(wrong.max())}×)"
        else:
            assert mistake == "nothing else"


def test_the_table_of_classes_has_their_names():
    scores, labels = torch.eye(3)[[0, 1, 2, 2]], torch.tensor([0, 0, 2, 1])
    rows = class_table(scores, labels, ("Bag", "Shirt", "Ankle boot"))[1:]
    assert [row[0] for row in rows] == ["Bag", "Shirt", "Ankle boot"]
    assert [row[4] for row in rows] == ["Shirt (1×)", "Ankle boot (1×)", "nothing else"]
    with pytest.raises(ValueError, match="class_names must hold 3 names, got 2"):
        class_table(scores, labels, ("a", "b"))
