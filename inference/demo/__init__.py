"""The demo study: a believable thorax with known truth."""
