"""A convolutional network on MNIST in one page: load, train, test, draw.

python3 examples/mnist_in_one_page.py
"""

import torch

from minicnn import data, layers, metrics, optim, train, viz
from minicnn import functional as F
from minicnn.optim import schedules

# The data: MNIST, or the sample that comes with minicnn if MNIST cannot be downloaded.
digits, test_digits, note = data.load()
print(note or digits.name)

# A network is a layer, and a layer is two functions: init and apply.
net = layers.sequential(
    layers.conv2d(16, 5),  # (1, 28, 28) -> (16, 24, 24)
    layers.max_pool2d(2),
    layers.relu(),
    layers.conv2d(32, 3),  # (16, 12, 12) -> (32, 10, 10)
    layers.max_pool2d(2),
    layers.relu(),
    layers.flatten(),
    layers.linear(10),  # 32 · 5 · 5 -> 10 scores, one for each digit
)
rng = torch.Generator().manual_seed(0)
params, state, _ = net.init(rng, (1, 28, 28))

# Training: minimise the cross-entropy with Adam in two passes, while the learning rate falls to 0.
steps = 2 * data.steps_per_epoch(len(digits.labels), 100)
adam = optim.adam(schedules.cosine(5e-3, steps))
step = train.make_train_step(net, F.cross_entropy, adam)
now = train.TrainState(0, params, state, adam.init(params))
batches = data.batches(digits, 100, rng, epochs=2)
for now, logs in train.fit(step, now, batches, rng):
    if now.step % 100 == 0:
        print(f"step {now.step:5}  loss {logs['loss']:.3f}  accuracy {logs['accuracy']:.0%}")

# Test on images that were not used for training.
scores, labels = train.predict(net, now.params, now.state, data.batches(test_digits, 1000))
loss, accuracy = F.cross_entropy(scores, labels), metrics.accuracy(scores, labels)
print(f"test loss {loss:.4f}, accuracy {accuracy:.2%}")

# Draw the first ten correct and the first ten incorrect predictions.
for kind in ("correct", "incorrect"):
    figure = viz.predictions(test_digits.images, labels, scores, correct=kind == "correct")
    figure.savefig(f"{kind}.png")
    print(f"Saved {kind}.png")
