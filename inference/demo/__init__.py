"""The demo study: a believable thorax with known truth.

``generate(DemoParameters(seed=3, ground_glass=0.3))`` makes it in memory, ``write(folder)`` as a DICOM study.
"""

from inference.demo.files import DemoFiles, write
from inference.demo.parameters import DemoParameters
from inference.demo.thorax import DemoThorax, generate

__all__ = ["DemoFiles", "DemoParameters", "DemoThorax", "generate", "write"]
