"""The rule-based baseline: lungs, airways, opacities and effusion from Hounsfield units."""
