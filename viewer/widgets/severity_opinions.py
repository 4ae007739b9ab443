"""The sections of the severity panel on opinions: what was recognised, where the network looked, who agrees."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel

from inference.findings import Agreement, Findings
from inference.labels import Lesion
from inference.report import wording
from viewer.operations import showing
from viewer.state.session import Session
from viewer.widgets.agreement_legend import agreement_legend
from viewer.widgets.figure_label import MARK, FigureGrid, FigureLabel, Section, Show, repolish, text_label
from viewer.widgets.fitness_list import first_up

_TIP = (
    "A probability is the network's own number, not a chance of disease: it was trained on few hospitals. "
    "Look at the heat map to see what it rests on."
)
_NAMES = {"ground_glass": "Ground-glass", "consolidation": "Consolidation", "effusion": "Effusion",
          "unclassified": "Opacity (highest pixel)"}  # fmt: skip
_HEAT_TIP = "Show where the network looked most"
_DOUBT_TIPS = {
    "heat_elsewhere": "Most of its heat lies outside the lung: what it says does not rest on the lung.",
    "heat_beside_opacities": "Hardly any of its heat lies in the opacities: what it says does not rest on them.",
}
_AGREEMENT_TIP = (
    "How many of the learned systems mark a place as infected. The consensus and densitometry have no vote. "
    "Dice is 1 where two systems mark the same, 0 where they share nothing."
)


class RecognitionSection(Section):
    """What the recogniser says of the study, the probability of each manifestation, and where the heat lies."""

    def __init__(self, session: Session) -> None:
        super().__init__("RECOGNITION", _TIP)
        self._session = session
        self.target = text_label("", "small")
        self.opinion = FigureLabel("grade")
        self.opinion.setAlignment(Qt.AlignmentFlag.AlignLeft)
        self.rule = text_label("", "dim")
        self.table = FigureGrid(["probability"])
        self.others = text_label("", "small")
        self.heat = FigureLabel()
        self.heat.setAlignment(Qt.AlignmentFlag.AlignLeft)
        self.heat.setWordWrap(True)
        for widget in (self.target, self.opinion, self.rule, self.table, self.others, self.heat):
            self.body.addWidget(widget)

    def fill(self, findings: Findings) -> None:
        """Show the opinions; nothing of a system that has none."""
        output = findings.output
        said = output.recognition
        for widget in (self.target, self.opinion, self.rule):
            widget.setVisible(said is not None)
        if said is not None:
            self.target.setText(wording.TARGETS[said.target])
            self.opinion.set_figure(wording.opinion(said), self._hottest, _HEAT_TIP)
            counted = (
                "" if said.slices_positive is None or output.classes else f" Positive slices: {said.slices_positive}."
            )
            self.rule.setText(f"{said.rule}{counted}")
        classes = sorted(output.classes.items(), key=lambda item: -item[1])
        rows = [(first_up(wording.class_name(name)), value, self._hottest) for name, value in classes]
        rows += [(_NAMES.get(name, name), value, self._where(name)) for name, value in output.probabilities.items()]
        self.table.set_rows([(name, [(f"{value:.2f}", show)]) for name, value, show in rows])
        self.table.setVisible(bool(rows))
        others = [f"{name}: {_within(wording.TARGETS[one.target])} {wording.opinion(one)}"
                  for name, one in output.opinions.items()]  # fmt: skip
        _say(self.others, "\n".join(others))
        self._doubt(doubt(findings))
        self.heat.set_figure(wording.heat_line(findings), self._hottest, _HEAT_TIP)
        self.heat.setVisible(bool(self.heat.text()))
        self.setVisible(said is not None or bool(rows))

    def _doubt(self, why: str) -> None:
        """Mark the opinion where the reader has just been told not to trust it."""
        if why:
            self.opinion.setText(f"{MARK} {self.opinion.text()}")
            self.opinion.setToolTip(f"{why}\n{_HEAT_TIP}")
        for figure in (self.opinion, self.heat):
            if bool(figure.property("doubtful")) != bool(why):
                figure.setProperty("doubtful", bool(why))
                repolish(figure)

    def _hottest(self) -> object:
        return showing.show_heat(self._session)

    def _where(self, name: str) -> Show:
        """To the most of a class; to where the network looked, where none of it was drawn."""
        label = next((one for one in Lesion if one.key == name), None)
        return lambda: (label is not None and showing.show_class(self._session, label)) or self._hottest()


class AgreementSection(Section):
    """Each system's percentage, how far they agree, and the colours of the map."""

    def __init__(self, session: Session) -> None:
        super().__init__("AGREEMENT", _AGREEMENT_TIP)
        self._session = session
        self.systems = FigureGrid(["% of lung"])
        self.legend = text_label("", "small")
        self.legend.setTextFormat(Qt.TextFormat.RichText)
        self.shares = FigureGrid(["share of all marked"])
        self.left_out = text_label("", "dim")
        for widget in (self.systems, self.legend, self.shares, self.left_out):
            self.body.addWidget(widget)

    def fill(self, findings: Findings) -> None:
        """Show the comparison; nothing where none was made."""
        found = findings.output.agreement
        self.setVisible(found is not None)
        if found is None:
            return
        count = len(found.systems)
        self.set_title(f"AGREEMENT   {count} of {count + len(found.left_out)} systems")
        rows: list[tuple[str, list[tuple[str, Show | None]]]] = [
            (name, [(wording.percent(share), self._marked(1, count) if share else None)])
            for name, share in ((name, found.percentages[name]) for name in found.systems)
        ]
        mean = sum(found.dice.values()) / len(found.dice)
        self.systems.set_rows([*rows, ("Mean Dice of the pairs", [(f"{mean:.2f}", self._marked(1, count - 1))])])
        self.systems.setToolTip("\n".join(f"{pair}: {dice:.2f}" for pair, dice in found.dice.items()))
        self.legend.setText(f"On the map: {agreement_legend(count)}")
        self._fill_shares(found, count)
        self.left_out.setText("\n".join(f"{name}: {why}" for name, why in found.left_out.items()))
        self.left_out.setVisible(bool(found.left_out))

    def _fill_shares(self, found: Agreement, count: int) -> None:
        parts = [
            ("one system alone", "one", 1, 1),
            ("some", "some", 2, count - 1),
            (f"all {count}", "all", count, count),
        ]
        parts = [part for part in parts if part[2] <= part[3]]
        self.shares.set_rows(
            [
                (words, [(wording.percent(100 * found.shares[name]),
                          self._marked(first, last) if found.shares[name] else None)])
                for words, name, first, last in parts
            ]
        )  # fmt: skip

    def _marked(self, fewest: int, most: int) -> Show:
        return partial(showing.show_marks, self._session, fewest, most)


def doubt(findings: Findings) -> str:
    """Why the recogniser's opinion is doubtful: its heat lies outside the lung, or hardly in the opacities."""
    codes = {warning.code for warning in findings.warnings}
    return next((tip for code, tip in _DOUBT_TIPS.items() if code in codes), "")


def alarm_lines(findings: Findings) -> list[str]:
    """What must be read before any figure; of a heat map that lies elsewhere it names whose opinion is doubtful."""
    known, instead = findings.explanation, {}
    if findings.output.recognition is not None:
        shares = (
            ("heat_elsewhere", known.heat_in_lung, "lung"),
            ("heat_beside_opacities", known.heat_in_lesion, "opacities"),
        )
        instead = {
            code: f"Only {100 * share:.0f} % of the heat lies in the {where}: "
            "do not trust the opinion under RECOGNITION."
            for code, share, where in shares if share is not None
        }  # fmt: skip
    return wording.alarms(findings, instead)


def _within(words: str) -> str:
    """Words that stand inside a sentence: only their first letter changes, for COVID keeps its own."""
    return words[:1].lower() + words[1:]


def _say(label: QLabel, text: str) -> None:
    label.setText(text)
    label.setVisible(bool(text))
