"""Arguments and results as JSON: what passes between the grader and a learner's process.

JSON and not pickle, since reading a pickle runs code that its writer has chosen.
"""

import base64
import math
from typing import Any

import torch
from torch import Tensor

from minicnn.exercises.calls import KINDS, Outcome
from minicnn.exercises.compare import Fault, Foreign

DTYPES = {
    str(dtype).removeprefix("torch."): dtype
    for dtype in (
        *(torch.bool, torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64),
        *(torch.float16, torch.bfloat16, torch.float32, torch.float64),
    )
}
MOST_NUMBERS = 100_000  # in a tensor; of a larger one only the shape is sent
MOST_TEXT = 5_000  # characters
DEPTH = 3  # of tuples in tuples


def encode(value: Any, depth: int = DEPTH) -> Any:
    """Return a value as plain data for JSON.

    Example:
        >>> encode((1, torch.tensor([2.0])))
        {'tuple': [1, {'tensor': 'float32', 'shape': [1], 'bytes': 'AAAAQA=='}]}
        >>> decode(encode((1, torch.tensor([2.0]))))
        (1, tensor([2.]))
    """
    try:
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, float):
            return float(value)
        if isinstance(value, int):  # torch holds no larger ones
            return int(value) if abs(value) < 2**63 else _foreign(value, "int above 64 bits")
        if isinstance(value, Tensor):
            return _encode_tensor(value.detach())
        if isinstance(value, (tuple, list)) and depth:
            kind = "tuple" if isinstance(value, tuple) else "list"
            return {kind: [encode(part, depth - 1) for part in value]}
        return _foreign(value, type(value).__name__)
    except Exception:  # a type of the learner's own, whose methods fail
        return {"foreign": type(value).__name__, "shown": "…"}


def decode(data: Any) -> Any:
    """Return the value that `encode` made the data from.

    Raises:
        Exception: whatever it raises, these are no such data.
    """
    if data is None or isinstance(data, (bool, float)):
        return data
    if isinstance(data, int):
        return _in_64_bits(data)
    if "tensor" in data:
        return _decode_tensor(DTYPES[data["tensor"]], data["shape"], data["bytes"])
    if "foreign" in data:
        return Foreign(plain(data["foreign"]), plain(data["shown"]))
    if "tuple" in data:
        return tuple(decode(part) for part in data["tuple"])
    return [decode(part) for part in data["list"]]


def encode_outcome(outcome: Outcome) -> dict[str, Any]:
    """Return the outcome of a call as plain data for JSON."""
    fault = outcome.fault
    return {
        "got": encode(outcome.got),
        "fault": fault and [fault.kind, fault.words],
        "after": {name: encode(value) for name, value in outcome.after.items()},
        "printed": outcome.printed[:MOST_TEXT],
        "seconds": outcome.seconds,
    }


def decode_outcome(data: Any) -> Outcome:
    """Return the outcome that `encode_outcome` made the data from.

    Raises:
        Exception: whatever it raises, these are no such data.
    """
    fault = None
    if data["fault"] is not None:
        kind, words = data["fault"]
        if kind not in KINDS:
            raise ValueError(f"kind must be one of {', '.join(sorted(KINDS))}, got {kind!r}")
        fault = Fault(kind, plain(words))
    after = {name: decode(value) for name, value in data["after"].items()}
    seconds = float(data["seconds"])
    if not 0 <= seconds < math.inf:
        raise ValueError(f"seconds must be at least 0 and finite, got {seconds}")
    return Outcome(decode(data["got"]), fault, after, plain(data["printed"]), seconds)


def plain(text: str) -> str:
    """Return a learner's text with its lines, but without what a terminal would obey.

    Example:
        >>> plain("one\\ttwo\\rthree\\x1b[1A\\n")
        'one     two\\nthree?[1A'
    """
    lines = text[:MOST_TEXT].expandtabs().splitlines()
    return "\n".join("".join(c if c.isprintable() else "?" for c in line) for line in lines)


def _foreign(value: Any, kind: str) -> dict[str, str]:
    return {"foreign": kind, "shown": f"{value!r:.40}"}


def _encode_tensor(x: Tensor) -> dict[str, Any]:
    dtype = str(x.dtype).removeprefix("torch.")
    if x.layout != torch.strided or x.device.type != "cpu" or dtype not in DTYPES:
        return {"foreign": f"Tensor of {x.dtype}, {x.layout}, on {x.device}", "shown": "…"}
    data = None
    if x.numel() <= MOST_NUMBERS:
        numbers = torch.empty(x.numel(), dtype=x.dtype, device="cpu").copy_(x.flatten())
        data = base64.b64encode(numbers.view(torch.uint8).numpy().tobytes()).decode()
    return {"tensor": dtype, "shape": list(x.shape), "bytes": data}


def _in_64_bits(number: int) -> int:
    if abs(number) >= 2**63:
        raise ValueError(f"number must be below 2**63, got {number}")
    return number


def _decode_tensor(dtype: torch.dtype, shape: list[int], data: str | None) -> Tensor:
    if data is None:  # zeros, all of them the same one in memory
        _in_64_bits(math.prod(shape))
        return torch.zeros((), dtype=dtype).expand(shape)
    numbers = bytearray(base64.b64decode(data))
    if not numbers:
        return torch.zeros(shape, dtype=dtype)
    return torch.frombuffer(numbers, dtype=dtype).reshape(shape)
