"""The device, its number format, and the processes of torch's own launcher."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import torch
from torch import distributed


@dataclass(frozen=True)
class Place:
    """Where this process trains. ``rank`` 0 of ``world`` writes and speaks."""

    device: torch.device
    rank: int = 0
    world: int = 1

    @property
    def leads(self) -> bool:
        """Whether this is the process that writes checkpoints."""
        return self.rank == 0

    @property
    def half(self) -> torch.dtype | None:
        """What autocast computes in: bf16, on older GPUs fp16, and None where that would be no faster."""
        if self.device.type == "cuda":
            return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float16
        if self.device.type == "cpu" and torch.ops.mkldnn._is_mkldnn_bf16_supported():
            return torch.bfloat16
        return None

    def autocast(self) -> AbstractContextManager[object]:
        """Mixed precision, or nothing where it does not help."""
        return torch.autocast(self.device.type, self.half) if self.half else nullcontext()

    @property
    def scales(self) -> bool:
        """Whether gradients must be scaled: fp16 only."""
        return self.half is torch.float16


def join(device: str) -> Place:
    """The place of this process; under ``torchrun`` it joins the others. ``auto`` takes a GPU where there is one."""
    world, rank, local = (int(os.environ.get(name, "0")) for name in ("WORLD_SIZE", "RANK", "LOCAL_RANK"))
    kind = ("cuda" if torch.cuda.is_available() else "cpu") if device == "auto" else device
    chosen = torch.device(kind, local) if kind == "cuda" else torch.device(kind)
    if kind == "cuda":
        torch.cuda.set_device(chosen)
        torch.backends.cudnn.benchmark = True
    if world < 2:
        return Place(chosen)
    if not distributed.is_initialized():
        distributed.init_process_group("nccl" if kind == "cuda" else "gloo")
    return Place(chosen, rank, world)


def leave() -> None:
    """Leave the other processes, if there are any."""
    if distributed.is_available() and distributed.is_initialized():
        distributed.destroy_process_group()
