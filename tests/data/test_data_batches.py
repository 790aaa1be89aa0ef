"""Mini-batches: each epoch is a permutation, and a run can resume at any step."""

import pytest
import torch
from hypothesis import assume, event, given
from hypothesis import strategies as st

from minicnn import data
from minicnn.data.streams import splitmix64, stream

from ..meaningful import meaningful, mostly_meaningful


def tiny_split(n: int) -> data.Split:
    """Return n images of 1 × 2 pixels; image i has label i, so that labels show the order."""
    labels = torch.arange(n)
    return data.Split((labels[:, None, None, None] * torch.tensor([1, 2])).byte(), labels, "tiny")


def rng(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def noise(images, generator):
    return images + torch.rand(images.shape, generator=generator)


def same(xs, ys) -> bool:
    pairs = zip(xs, ys, strict=True)
    return all(x.equal(y) and s.equal(t) for (x, s), (y, t) in pairs)


# What hypothesis finds simplest, and draws most often, comes first: several batches.
sizes = st.sampled_from([*range(5, 41), 4, 3, 2, 1])
batch_sizes = st.sampled_from([3, 5, 7, 8, 9, 10, 11, 12, 4, 6, 2, 1])
seeds = st.integers(0, 2**64 - 1)


@mostly_meaningful
@given(sizes, batch_sizes, seeds, st.integers(1, 4))
def test_every_epoch_holds_every_image_once(n, batch_size, seed, epochs):
    meaningful(batch_size < n)
    whole = list(data.batches(tiny_split(n), batch_size, rng(seed), epochs))
    steps = data.steps_per_epoch(n, batch_size)
    assert len(whole) == epochs * steps
    for epoch in range(epochs):
        order = torch.cat([labels for _, labels in whole[epoch * steps : (epoch + 1) * steps]])
        assert order.sort().values.equal(torch.arange(n))


@given(sizes, batch_sizes, st.sampled_from([torch.float16, torch.float32, torch.float64]))
def test_images_of_floating_point_are_only_converted(n, batch_size, dtype):
    split = tiny_split(n)
    floats = split._replace(images=split.images.to(dtype) / 255)
    for images, labels in data.batches(floats, batch_size):
        assert images.dtype == torch.float32
        assert images.equal(floats.images[labels].float())


@pytest.mark.parametrize("value", [-0.01, 1.01, 255.0, float("nan"), float("inf")])
def test_images_of_floating_point_are_in_0_to_1(value):
    split = tiny_split(3)
    images = split.images.float() / 255
    images[1, 0, 0, 0] = value
    with pytest.raises(ValueError, match=r"^images of floating point must be in \[0, 1\], got "):
        data.batches(split._replace(images=images), 2)


def test_other_images_are_not_converted():
    with pytest.raises(
        TypeError, match=r"^images must be uint8 or floating point, got torch.int64"
    ):
        data.to_float(torch.tensor([1]))


@given(sizes, batch_sizes, st.booleans())
def test_images_are_scaled_and_keep_their_labels(n, batch_size, shuffled):
    split = tiny_split(n)
    for images, labels in data.batches(split, batch_size, rng(0) if shuffled else None):
        assert images.dtype == torch.float32
        assert labels.dtype == torch.int64
        assert images.equal(split.images[labels].float() / 255)


@mostly_meaningful
@given(sizes, batch_sizes)
def test_without_rng_every_epoch_has_the_order_of_the_split(n, batch_size):
    meaningful(batch_size < n)
    order = torch.cat([labels for _, labels in data.batches(tiny_split(n), batch_size, epochs=2)])
    assert order.equal(torch.arange(n).repeat(2))


@mostly_meaningful
@given(st.sampled_from([*range(13, 41), 12]), batch_sizes, seeds)
def test_all_batches_but_the_last_are_full_and_drop_last_drops_that(n, batch_size, seed):
    meaningful(n % batch_size != 0)
    kept = list(data.batches(tiny_split(n), batch_size, rng(seed)))
    full = list(data.batches(tiny_split(n), batch_size, rng(seed), drop_last=True))
    assert [len(labels) for _, labels in kept[:-1]] == [batch_size] * (len(kept) - 1)
    assert sum(len(labels) for _, labels in kept) == n
    assert len(full) == n // batch_size == data.steps_per_epoch(n, batch_size, drop_last=True)
    assert same(full, kept[: len(full)])


def test_a_batch_size_above_the_split_gives_one_batch():
    ((images, labels),) = data.batches(tiny_split(3), 1000)
    assert images.shape == (3, 1, 1, 2)
    assert labels.tolist() == [0, 1, 2]


@mostly_meaningful
@given(sizes, batch_sizes, seeds, st.integers(1, 3), st.booleans(), st.data())
def test_resumed_batches_equal_the_uninterrupted_ones(n, batch_size, seed, epochs, augmented, draw):
    augment = noise if augmented else None
    whole = list(data.batches(tiny_split(n), batch_size, rng(seed), epochs, augment=augment))
    from_the_middle = sorted(range(len(whole) + 1), key=lambda step: abs(step - len(whole) / 2))
    start = draw.draw(st.sampled_from(from_the_middle))
    meaningful(0 < start < len(whole))
    rest = data.batches(tiny_split(n), batch_size, rng(seed), epochs, augment=augment, start=start)
    assert same(rest, whole[start:])


@given(seeds)
def test_more_epochs_continue_the_same_batches(seed):
    short = list(data.batches(tiny_split(20), 6, rng(seed), epochs=2, augment=noise))
    long = list(data.batches(tiny_split(20), 6, rng(seed), epochs=4, augment=noise))
    assert same(short, long[: len(short)])


@given(seeds, st.integers(0, 50))
def test_only_the_seed_of_rng_counts_and_rng_is_left_alone(seed, drawn):
    used = rng(seed)
    torch.rand(drawn, generator=used)
    before = used.get_state()
    found = list(data.batches(tiny_split(20), 6, used, epochs=2, augment=noise))
    assert used.get_state().equal(before)
    assert same(found, data.batches(tiny_split(20), 6, rng(seed), epochs=2, augment=noise))


def test_a_generator_restored_from_its_state_gives_the_same_batches():
    saved, restored = rng(123), torch.Generator()
    restored.set_state(saved.get_state())
    assert same(data.batches(tiny_split(20), 6, saved), data.batches(tiny_split(20), 6, restored))


def test_torchs_global_generator_is_not_used():
    before = torch.get_rng_state()
    list(data.batches(tiny_split(20), 6, rng(0), augment=noise))
    assert torch.get_rng_state().equal(before)


def test_neighbouring_seeds_and_epochs_share_no_order():
    n, epochs = 40, 10
    orders = set()
    for seed in range(10):
        for _, labels in data.batches(tiny_split(n), n, rng(seed), epochs):
            orders.add(tuple(labels.tolist()))
    assert len(orders) == 10 * epochs


def test_each_batch_is_augmented_by_its_own_stream():
    blank = data.Split(torch.zeros(64, 1, 4, 4).byte(), torch.zeros(64).long(), "blank")
    drawn = [images for images, _ in data.batches(blank, 16, rng(0), epochs=3, augment=noise)]
    assert len({tuple(images.flatten().tolist()) for images in drawn}) == 12


def test_augment_gets_float_images_between_0_and_1():
    bright = data.Split(torch.full((4, 1, 2, 2), 255).byte(), torch.zeros(4).long(), "bright")
    seen = []
    list(data.batches(bright, 4, rng(0), augment=lambda x, _: seen.append(x) or x))
    assert seen[0].dtype == torch.float32
    assert seen[0].equal(torch.ones(4, 1, 2, 2))


def test_batches_are_moved_to_the_requested_device():
    ((images, labels),) = data.batches(tiny_split(3), 3, rng(0), device="meta")
    assert images.device.type == labels.device.type == "meta"


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"batch_size": 0}, ValueError, "batch_size must be at least 1, got 0"),
        ({"batch_size": 2.0}, TypeError, "batch_size must be an integer, got 2.0"),
        ({"epochs": 0}, ValueError, "epochs must be at least 1, got 0"),
        ({"start": -1}, ValueError, "start must be at least 0, got -1"),
        ({"start": 6}, ValueError, "start must be at most 5, .* got 6"),
        ({"rng": 7}, TypeError, "rng must be a torch.Generator or None, got 7"),
        ({"augment": noise}, ValueError, "augment .* needs rng"),
        ({"batch_size": 11, "drop_last": True}, ValueError, "batch_size must be at most 10 with"),
    ],
)
def test_bad_arguments_are_refused_at_the_call(options, error, message):
    with pytest.raises(error, match=message):
        data.batches(tiny_split(10), **{"batch_size": 2, **options})


@pytest.mark.parametrize(
    ("images", "labels", "error", "message"),
    [
        (
            torch.zeros(2, 1, 3, 3).int(),
            torch.zeros(2).long(),
            TypeError,
            "uint8 or floating-point images .* torch.int32",
        ),
        (torch.zeros(2, 1, 3, 3).byte(), torch.zeros(2), TypeError, "int64 labels, .*float32"),
        (torch.zeros(2, 3, 3).byte(), torch.zeros(2).long(), ValueError, r"got \(2, 3, 3\) and"),
        (torch.zeros(2, 1, 3, 3).byte(), torch.zeros(3).long(), ValueError, r"and \(3,\)"),
        (torch.zeros(0, 1, 3, 3).byte(), torch.zeros(0).long(), ValueError, "N at least 1"),
    ],
)
def test_a_bad_split_is_refused_at_the_call(images, labels, error, message):
    with pytest.raises(error, match=message):
        data.batches(data.Split(images, labels, "bad"), 1)


@given(st.integers(2, 40), seeds, st.data())
def test_held_out_images_and_the_rest_are_the_whole(n, seed, draw):
    count = draw.draw(st.integers(1, n - 1))
    split = tiny_split(n)._replace(name="tiny train", class_names=tuple(map(str, range(n))))
    train, validation = data.hold_out(split, count, seed)
    assert (train.name, validation.name) == ("tiny train", "tiny validation")
    assert train.class_names == validation.class_names == split.class_names
    assert len(validation.labels) == count
    assert torch.cat([train.labels, validation.labels]).sort().values.equal(split.labels)
    for part in (train, validation):
        assert part.images.equal(split.images[part.labels])


@given(st.lists(st.integers(0, 4), min_size=2, max_size=12), seeds, st.data())
def test_no_class_is_held_out_as_a_whole_if_that_can_be_avoided(labels, seed, draw):
    count = draw.draw(st.integers(1, len(labels) - 1))
    split = tiny_split(len(labels))._replace(labels=torch.tensor(labels))
    kept = data.hold_out(split, count, seed)[0].labels
    classes = len(set(labels))
    event(f"{classes > 1 and count > 1}: several classes and images to hold out")
    assert len(set(kept.tolist())) == min(classes, len(labels) - count)


@st.composite
def two_seeds(draw):
    """Two seeds, most of the time with a difference in high bits alone."""
    seed = draw(seeds)
    high = st.integers(1, 2**32 - 1).map(lambda bits: seed ^ (bits << 32))
    other = draw(high | st.integers(32, 63).map(lambda bit: seed ^ (1 << bit)) | seeds)
    assume(seed != other)
    return seed, other


def orders(split, seed):
    return torch.cat([labels for _, labels in data.batches(split, 16, rng(seed))])


@mostly_meaningful
@given(two_seeds())
def test_every_bit_of_a_seed_counts(pair):
    split, (seed, other) = tiny_split(64), pair
    meaningful((seed ^ other) % 2**32 == 0)
    assert not orders(split, seed).equal(orders(split, other))
    a, b = (data.hold_out(split, 32, s)[1].labels for s in pair)
    assert not a.equal(b)
    images = [images for images, _ in data.batches(split, 64, rng(seed), augment=noise)]
    others = [images for images, _ in data.batches(split, 64, rng(other), augment=noise)]
    assert not images[0].equal(others[0])


@given(seeds)
def test_seeds_two_to_the_32_apart_give_other_orders(seed):
    split = tiny_split(64)
    assert not orders(split, seed).equal(orders(split, (seed + 2**32) % 2**64))


@pytest.mark.parametrize("seed", [-1, 2**64, 2**64 + 1, 2**100])
def test_a_seed_that_would_give_the_same_as_another_is_refused(seed):
    with pytest.raises(ValueError, match=r"^seed must be (at least 0|in .*), got -?\d+$"):
        data.hold_out(tiny_split(10), 5, seed)
    with pytest.raises(ValueError, match=rf"^seed must be in \[0, 2\*\*64\), got {seed}$"):
        stream(0, seed)


def test_the_images_held_out_depend_on_the_seed():
    held = [data.hold_out(tiny_split(40), 10, seed)[1].labels for seed in (0, 0, 1)]
    assert held[0].equal(held[1])
    assert not held[0].equal(held[2])


@pytest.mark.parametrize("count", [0, 10, 11])
def test_neither_part_of_a_split_may_be_empty(count):
    with pytest.raises(ValueError, match=f"count must be .* got {count}"):
        data.hold_out(tiny_split(10), count, 0)


def test_splitmix64_equals_the_published_sequence():
    # The first outputs of the reference implementation (prng.di.unimi.it) for the state 1234567.
    expected = [6457827717110365317, 3203168211198807973, 9817491932198370423]
    golden = 0x9E3779B97F4A7C15
    assert [splitmix64((1234567 + i * golden) % 2**64) for i in range(3)] == expected


def test_streams_differ_in_the_bits_that_torch_seeds_by():
    seeds = {stream(a, b).initial_seed() % 2**32 for a in range(30) for b in range(30)}
    assert len(seeds) == 900
