"""Taking a network elsewhere: torch.export works and leads to ONNX; tracing is refused."""

from pathlib import Path

import pytest
import torch
from torch import Tensor

from minicnn import functional as F
from minicnn import layers, models, tree


class Scores(torch.nn.Module):
    """A network of ours as the module that the exporters ask for."""

    def __init__(self, net: layers.Layer, in_shape: tuple[int, ...]) -> None:
        super().__init__()
        self.net = net
        params, self.net_state, _ = net.init(torch.Generator().manual_seed(0), in_shape)
        self.net_params = params

    def forward(self, images: Tensor) -> Tensor:
        return self.net.apply(self.net_params, self.net_state, images)[0]


def images(batch: int) -> Tensor:
    return torch.rand(batch, 1, 28, 28, generator=torch.Generator().manual_seed(batch))


@pytest.mark.slow
@pytest.mark.parametrize("name", models.MODELS)
def test_an_exported_network_gives_the_same_scores_for_other_batches(name: str) -> None:
    scores = Scores(models.MODELS[name](), (1, 28, 28)).eval()
    scores.net_params = tree.map(Tensor.double, scores.net_params)
    scores.net_state = tree.map(Tensor.double, scores.net_state)
    exported = torch.export.export(
        scores, (images(3).double(),), dynamic_shapes=({0: torch.export.Dim.AUTO},)
    )
    for batch in (3, 5, 40):
        x = images(batch).double()
        torch.testing.assert_close(exported.module()(x), scores(x), rtol=1e-12, atol=1e-12)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of three packages, about themselves
def test_a_network_exported_to_onnx_gives_the_same_scores_in_onnxruntime(tmp_path: Path) -> None:
    for package in ("onnx", "onnxscript", "onnxruntime"):
        pytest.importorskip(package, reason=f"{package} is missing: it is in the extra test")
    import onnxruntime

    scores, x = Scores(models.mnist_resnet(), (1, 28, 28)).eval(), images(3)
    program = torch.onnx.export(scores, (x,), dynamo=True, verbose=False)
    assert program is not None
    program.save(tmp_path / "net.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "net.onnx")
    (y,) = session.run(None, {session.get_inputs()[0].name: x.numpy()})
    torch.testing.assert_close(torch.as_tensor(y), scores(x), rtol=1e-4, atol=1e-5)


@pytest.mark.filterwarnings(
    "ignore:`torch.jit.trace` is deprecated", "ignore::torch.jit.TracerWarning"
)
def test_torch_jit_trace_is_refused_by_an_error_that_says_what_to_use() -> None:
    for f, x in (
        (F.relu, torch.ones(2)),
        (lambda x: F.max_pool2d(x, 2), images(1)),
        (lambda x: F.conv2d(x, torch.ones(1, 1, 3, 3)), images(1)),
    ):
        with pytest.raises(RuntimeError, match=r"use torch\.export\.export, .* torch\.compile"):
            torch.jit.trace(f, x)
