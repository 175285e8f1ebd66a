"""A network's weights in 8-bit integers on a CPU, by torch alone: a token costs less time, as fewer bytes are read.

Each row of a layer's weights has a scale of its own, and what the layer reads is rounded at every call (dynamic
quantization). The products are those of torch's `quantized::linear_dynamic`.
"""

from __future__ import annotations

import warnings
from typing import Any

import torch

from codeact.errors import ModelError


class Int8Linear(torch.nn.Module):
    """A linear layer of the same shape as `layer`, its weights rounded to 8 bits."""

    def __init__(self, layer: torch.nn.Linear) -> None:
        super().__init__()
        self.in_features, self.out_features = layer.in_features, layer.out_features
        weight = layer.weight.detach().float()
        scales = (weight.abs().amax(1) / 127).clamp(min=torch.finfo(torch.float32).tiny).double()
        zeros = torch.zeros(len(weight), dtype=torch.long)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*quantized tensor creation functions")  # on their way out
            rounded = torch.quantize_per_channel(weight, scales, zeros, axis=0, dtype=torch.qint8)
        bias = None if layer.bias is None else layer.bias.detach().float()
        self._packed: Any = torch.ops.quantized.linear_prepack(rounded, bias)

    def forward(self, given: torch.Tensor) -> torch.Tensor:
        """From shape (..., in_features) to (..., out_features), both in float32."""
        # Seven bits of what is read: with eight, sums overflow on processors without VNNI.
        result: torch.Tensor = torch.ops.quantized.linear_dynamic(given, self._packed, reduce_range=True)
        return result


def round_weights(network: torch.nn.Module) -> None:
    """Put an `Int8Linear` in the place of each linear layer. Embeddings and norms stay as they are.

    Raises:
        ModelError: this torch multiplies no integers on this processor.
    """
    if not hasattr(torch, "quantize_per_channel") or torch.backends.quantized.engine == "none":
        raise ModelError(f"torch {torch.__version__} multiplies no 8-bit integers here; leave the quantization out")
    for module in list(network.modules()):
        for name, child in module.named_children():
            if type(child) is torch.nn.Linear:
                setattr(module, name, Int8Linear(child))
