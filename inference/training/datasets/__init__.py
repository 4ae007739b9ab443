"""One small adapter for each data set, all giving the same :class:`~inference.training.datasets.sample.Sample`."""
