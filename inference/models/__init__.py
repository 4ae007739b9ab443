"""Networks only: tensors in, tensors out. Start at :mod:`inference.models.registry`, which imports no torch."""
