"""The figures in words: one wording for the command line, the report and the panel's "copy as text"."""

from __future__ import annotations

from collections.abc import Mapping

from inference.findings import Agreement, Compartment, Findings, Recognition, RegionFigures, Severity
from inference.labels import Lesion
from inference.quantification.definitions import sentences
from inference.quantification.grades import GRADE_WORDS, bins
from inference.report.annotations import label_styles

NOT_ASSESSED = (
    "nodules and masses, pulmonary embolism, lymph nodes, mediastinum and heart, fractures and bone, "
    "airway disease, pneumothorax, upper abdomen."
)
CO_RADS = (
    "not interpretable", "very low suspicion", "low suspicion", "equivocal", "high suspicion", "very high suspicion",
    "proven by RT-PCR",
)  # fmt: skip
"""The meaning of each CO-RADS category, 0 to 6. They are the reader's: no figure leads to one."""
LOOKALIKES = "Tumour, oedema, atelectasis and motion can look like infection; density alone cannot tell them apart."


def percent(value: float | None) -> str:
    """``12.4 %``, ``< 0.1 %`` for less than can be shown, or a dash where unknown."""
    if value is None:
        return "–"
    return "< 0.1 %" if 0 < value < 0.05 else f"{value:.1f} %"


def millilitres(value: float | None) -> str:
    """``410 ml``, one decimal below ten, or a dash where unknown."""
    if value is None:
        return "–"
    return f"{value:.1f} ml" if 0 < value < 9.95 else f"{value:.0f} ml"


def position(z_mm: float) -> str:
    """A height in the patient: ``S 57 mm`` or ``I 182 mm`` (LPS z, superior positive)."""
    return f"{'S' if z_mm >= 0 else 'I'} {abs(z_mm):.0f} mm"


def window(width: float, level: float) -> str:
    """``W 1500 L -600``."""
    return f"W {width:g} L {level:g}"


def infection(severity: Severity, of: RegionFigures | None, name: str = "both") -> str:
    """The percentage of infection of a region, ``at least 12.4 %`` where lung without air is missing in it.

    ``name`` is ``both``, ``right``, ``left`` or a zone.
    """
    value = None if of is None else of.percentage
    return f"at least {percent(value)}" if value is not None and is_at_least(severity, name) else percent(value)


def is_at_least(severity: Severity, name: str) -> bool:
    """Whether lung without air, or a class not looked for, is missing in the percentage of ``both``, ``right``,
    ``left`` or a zone."""
    if name == "both":
        return bool(severity.percentage_qualifier)
    return bool(severity.unsought) or name.split()[0] in severity.not_aerated


def mean_over_slices(severity: Severity) -> str:
    """Paper 4's mean, ``at least`` where the percentage is."""
    value = severity.mean_over_slices
    return f"{severity.percentage_qualifier} {percent(value)}".strip() if value is not None else percent(value)


def grade(severity: Severity) -> str:
    """The grade with its qualifier: ``CT-1 (mild)``, ``at least CT-2 (moderate)``, ``grade withheld``."""
    if severity.qualifier == "withheld":
        return "grade withheld"
    if severity.grade is None:
        return "no grade"
    words = f"{severity.grade} ({GRADE_WORDS[severity.grade]})"
    return f"{severity.qualifier} {words}".strip()


def grade_bins(severity: Severity) -> list[str]:
    """Every grade with its bin, ``CT-1 to 25 %`` and so on; CT-0 with the detection floor that was in use."""
    return [f"{name} {limits}" for name, limits in bins(severity.detection_floor)]


def floor_if_set(severity: Severity) -> str:
    """``detection floor set to under 2 % or 10 ml``; empty where it is the published one."""
    floor = severity.detection_floor
    return "" if floor.is_published else f"detection floor set to {floor.words}"


def definitions(*names: str) -> list[str]:
    """The published definitions of those figures."""
    known = sentences()
    return [known[name] for name in names]


def sensitivity(severity: Severity) -> str:
    """The sensitivity range in one sentence, empty where there is none."""
    known = severity.sensitivity
    if known is None:
        return ""
    text = f"Sensitivity range {known.low:.1f}–{known.high:.1f} % (not a confidence interval)"
    if known.variations:
        text += f": {', '.join(known.variations)}"
    return text + (". The range crosses a grade's edge." if known.crosses_bin_edge else ".")


def compartment(band: Compartment) -> str:
    """A band in one line: its volume and share of the lung, and the share of the opacity that lies in it."""
    text = f"{band.name}: {millilitres(band.volume_ml)}, {percent(band.percent_of_lung)}"
    if band.percent_of_opacity is None:
        return text
    return f"{text}; {percent(band.percent_of_opacity)} of the opacity"


def densities(severity: Severity) -> list[tuple[str, str]]:
    """What of the lung and of the opacity lies in each band; empty without Hounsfield units."""
    bands = severity.compartments
    of_lung = ", ".join(f"{band.name} {percent(band.percent_of_lung)}" for band in bands)
    of_opacity = ", ".join(
        f"{band.name} {percent(band.percent_of_opacity)}" for band in bands if band.percent_of_opacity is not None
    )
    said = (("Density of the lung:", of_lung), ("Density of the opacity:", of_opacity))
    return [(title, text) for title, text in said if text]


def manifestation_rows(findings: Findings) -> list[tuple[str, str, str, str]]:
    """Per class: name, volume, share of lung, and how it was judged (``rule, no probability`` or a probability)."""
    names = {style.code: style.name for style in label_styles() if style.mask == "lesions"}
    rows = []
    for lesion in Lesion:
        one = findings.manifestations.get(lesion.key)
        if one is None or one.source is None:
            rows.append((names[lesion], "–", "–", "not judged by this system"))
            continue
        judged = one.source if one.probability is None else f"{one.source}, probability {one.probability:.2f}"
        if one.source == "rule":
            judged = "rule, no probability"
        share = "no share" if lesion is Lesion.EFFUSION else percent(one.percent_of_lung)
        rows.append((names[lesion], millilitres(one.volume_ml), share, judged))
    return rows


TARGETS = {
    "covid_against_other": "Pattern like the COVID cases it was trained on",
    "pneumonia_against_normal": "Pneumonia pattern",
}
"""What a recogniser looks for, in words that promise no diagnosis."""
_CLASSES = {
    "normal": "like normal films", "bacterial": "like bacterial pneumonia", "viral": "like viral pneumonia",
    "covid": "like the COVID cases", "pneumonia": "like pneumonia",
}  # fmt: skip
_ALARMS = (
    "systems_disagree", "heat_elsewhere", "heat_beside_opacities", "not_segmented", "differs_from_densitometry",
    "reader_left_out",
)  # fmt: skip


def class_name(name: str) -> str:
    """A class of a recogniser in words: ``like viral pneumonia``."""
    return _CLASSES.get(name, name.replace("_", " "))


def opinion(said: Recognition) -> str:
    """``0.93 · present``; a rule without probability has only the word."""
    word = {True: "present", False: "not present", None: "not judged"}[said.positive]
    return word if said.probability is None else f"{said.probability:.2f} · {word}"


def recognition_lines(findings: Findings) -> list[str]:
    """Everything that was recognised, line by line; empty for rules."""
    output = findings.output
    lines = []
    if output.recognition is not None:
        lines.append(f"{TARGETS[output.recognition.target]}: {opinion(output.recognition)}. {output.recognition.rule}")
    lines += [f"{name}: {_inside(TARGETS[said.target])} {opinion(said)}." for name, said in output.opinions.items()]
    if output.classes:
        ordered = sorted(output.classes.items(), key=lambda item: -item[1])
        lines.append("Classes: " + ", ".join(f"{class_name(name)} {value:.2f}" for name, value in ordered) + ".")
    if output.probabilities:
        told = (f"{name.replace('_', ' ')} {value:.2f}" for name, value in output.probabilities.items())
        lines.append(f"Probabilities of a network: {', '.join(told)}.")
    if heat := heat_line(findings):
        lines.append(f"{heat}.")
    return lines


def _inside(text: str) -> str:
    """A phrase as it stands inside a sentence: its first letter small, names as they are."""
    return text[:1].lower() + text[1:]


def heat_line(findings: Findings) -> str:
    """Where the heat map's heat lies; empty without one."""
    lung, lesion = findings.explanation.heat_in_lung, findings.explanation.heat_in_lesion
    if findings.output.heatmap is None or lung is None or lesion is None:
        return ""
    of = class_name(findings.output.heatmap.target or "disease")
    return f"Heat map ({of}): {100 * lung:.0f} % of its heat in the lung, {100 * lesion:.0f} % in the opacities"


def agreement_line(found: Agreement) -> str:
    """Which systems were compared, and how far they agree, in one sentence."""
    each = ", ".join(f"{name} {percent(found.percentages[name])}" for name in found.systems)
    mean = sum(found.dice.values()) / len(found.dice)
    return (
        f"{each}. Of all that any marks, {percent(100 * found.shares['all'])} is marked by all {len(found.systems)}, "
        f"{percent(100 * found.shares['one'])} by one alone; mean Dice of the pairs {mean:.2f}."
    )


def alarms(findings: Findings, instead: Mapping[str, str] | None = None) -> list[str]:
    """The warnings that must be read before any figure, gravest first; those of some codes in other words."""
    said = {warning.code: warning.text for warning in findings.warnings}
    words = said | dict(instead or {})
    return [words[code] for code in _ALARMS if code in said]


def limits(findings: Findings) -> list[str]:
    """What the system's card says that it cannot do; without the look-alikes, which stand everywhere."""
    return [text for text in findings.output.provenance.limitations if not LOOKALIKES.startswith(text.rstrip(".")[:40])]


def origin(findings: Findings) -> str:
    """``Consensus (consensus 1.0.0, compact)``."""
    provenance = findings.output.provenance
    name = ", ".join(part for part in (f"{provenance.system} {provenance.version}", provenance.config) if part)
    return f"{provenance.title} ({name})" if provenance.title else name


def co_rads(category: int) -> str:
    """``CO-RADS 3 (equivocal), chosen by the reader, not by the program``."""
    return f"CO-RADS {category} ({CO_RADS[category]}), chosen by the reader, not by the program"


def summary(findings: Findings) -> str:
    """The result in one line, free of identity."""
    severity = findings.severity
    if findings.output.modality == "xray":
        if severity.percentage_of_infection is None:
            return "X-ray: no lung field was drawn"
        return f"X-ray: {percent(severity.percentage_of_infection)} of the drawn lung field marked as infected"
    head = f"{grade(severity)}: {infection(severity, severity.both)} of the lung infected"
    if severity.right is not None and severity.left is not None:
        right, left = infection(severity, severity.right, "right"), infection(severity, severity.left, "left")
        head += f" (right {right}, left {left})"
    return "; ".join(part for part in (head, floor_if_set(severity)) if part)
