"""Networks that turn a feature map into one figure for each class."""
