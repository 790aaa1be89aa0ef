"""The usual script: MNIST with torch.nn, a DataLoader, and images transformed one by one.

    python3 -m tests.bench.reference --data-dir data

Two convolutions of 32 and 64 channels, pooling, dropout and two linear layers, trained with
Adadelta on batches of 64 for 14 epochs; after each epoch the learning rate is multiplied by 0.7 and
the network is tested. Tutorials have shown this script for years; whole processes are compared with
it. It does not use minicnn.
"""

import argparse
from collections.abc import Iterable

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim import Adadelta, Optimizer
from torch.optim.lr_scheduler import StepLR
from torch.utils.data import DataLoader
from torchvision import datasets, transforms

Batches = Iterable[tuple[Tensor, Tensor]]


class Net(nn.Module):
    """Two convolutions, two linear layers, dropout before each of these."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 32, 3)
        self.conv2 = nn.Conv2d(32, 64, 3)
        self.dropout1 = nn.Dropout(0.25)
        self.dropout2 = nn.Dropout(0.5)
        self.fc1 = nn.Linear(64 * 12 * 12, 128)
        self.fc2 = nn.Linear(128, 10)

    def forward(self, x: Tensor) -> Tensor:
        """Score the classes of images (N, 1, 28, 28)."""
        x = F.relu(self.conv1(x))
        x = F.relu(self.conv2(x))
        x = self.dropout1(F.max_pool2d(x, 2)).flatten(1)
        x = self.dropout2(F.relu(self.fc1(x)))
        return F.log_softmax(self.fc2(x), dim=1)


def train(model: nn.Module, batches: Batches, optimizer: Optimizer) -> None:
    """Train for an epoch."""
    model.train()
    for images, labels in batches:
        optimizer.zero_grad()
        loss = F.nll_loss(model(images), labels)
        loss.backward()
        optimizer.step()


def test(model: nn.Module, batches: Batches) -> tuple[float, float, int]:
    """Return average loss, accuracy and number of images."""
    model.eval()
    loss, correct, total = 0.0, 0, 0
    with torch.no_grad():
        for images, labels in batches:
            scores = model(images)
            loss += F.nll_loss(scores, labels, reduction="sum").item()
            correct += int((scores.argmax(dim=1) == labels).sum())
            total += len(labels)
    return loss / total, correct / total, total


def main() -> None:
    """Read the command line, train, and test after every epoch."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--data-dir", default="data", help="folder of MNIST/raw/…")
    parser.add_argument("--epochs", type=int, default=14)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()

    torch.manual_seed(args.seed)
    transform = transforms.Compose(
        [transforms.ToTensor(), transforms.Normalize((0.1307,), (0.3081,))]
    )
    training, testing = (
        datasets.MNIST(args.data_dir, train=part, download=True, transform=transform)
        for part in (True, False)
    )
    training_batches = DataLoader(training, batch_size=64, shuffle=True)
    test_batches = DataLoader(testing, batch_size=1000)

    model = Net()
    optimizer = Adadelta(model.parameters(), lr=1.0)
    schedule = StepLR(optimizer, step_size=1, gamma=0.7)
    for _ in range(args.epochs):
        train(model, training_batches, optimizer)
        loss, accuracy, total = test(model, test_batches)
        print(f"Test, {total:,} images: average loss {loss:.4f}, accuracy {accuracy:.2%}")
        schedule.step()


if __name__ == "__main__":
    main()
