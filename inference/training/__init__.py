"""Training of the learned systems: data, augmentation, losses, the trainer and its checkpoints."""
