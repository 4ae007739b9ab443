"""Networks that turn feature maps back into one map of the image's size."""
