"""The report with the joints' neck in three linked planes: one file, offline, for any browser.

The page draws on 2-D canvases with a script of its own (``page.js``), because browsers on thin
clients have no WebGL. It may run that script and nothing else: the policy names its hash, and
nothing can be loaded or sent. Where the script does not run, or finds a joint elsewhere than it was
put here, the still pictures of the report stay.
"""

from __future__ import annotations

import json
from html import escape
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from fusion.annotations import Decision, Target
from fusion.export.handout import Handout, LeftOut
from fusion.export.page.crop import Crop, crops, window_levels
from fusion.export.report.content import make_report
from fusion.export.report.html import Insert, report_html
from fusion.export.report.joints import said_answer, said_uptake
from fusion.export.report.pictures import BONE_WINDOW_HU
from fusion.findings.readings import NO_INTERACTIVE_REPORT
from fusion.palettes import DEFAULT_PALETTE, palette
from fusion.plain_text import plain
from fusion.software import DISCLAIMER, SIMULATED

#: Name of the file.
INTERACTIVE = "report_interactive.html"
#: Windows of the CT that can be chosen, HU.
WINDOWS_HU = {
    "Bone": BONE_WINDOW_HU,
    "Soft tissue": (-160.0, 240.0),
    "Wide": (-500.0, 1540.0),
}
#: Stand where the planes would be, in a browser that runs no scripts, cannot draw them, or draws
#: a joint elsewhere than it lies.
STILL = (
    "The planes need a browser that runs scripts; the still pictures below show the same joints."
)
LACKING = "This browser cannot draw the planes; the still pictures below show the same joints."
WRONG = (
    "The planes are not shown: the check of side and place failed in this browser. The still "
    "pictures below show the same joints."
)
#: Beside each joint, where the page looks for what was put there: to the left, back and head, mm.
CHECKED_MM = ((0.0, 0.0, 0.0), (10.0, 0.0, 0.0), (0.0, 10.0, 0.0), (0.0, 0.0, 10.0))
_KEYS = (
    "Arrow up and down: next joint. B: blink. Click in a plane: move the others there. Wheel: "
    "leaf through."
)


def export_interactive(handout: Handout, folder: Path) -> tuple[Path, ...]:
    """Write the report with planes that a reader can move.

    Raises
    ------
    LeftOut
        No joint is decided.
    """
    if not handout.targets:
        raise LeftOut(NO_INTERACTIVE_REPORT())
    path = folder / INTERACTIVE
    insert = Insert(markup=_markup(handout), style=_part("page.css"), script=_part("page.js"))
    path.write_text(report_html(make_report(handout), insert=insert), "utf-8")
    return (path,)


def _part(name: str) -> str:
    return resources.files("fusion.export.page").joinpath(name).read_text("utf-8")


def _markup(handout: Handout) -> str:
    planes = "".join(
        f'<canvas id="{name}" role="img" aria-label="{escape(what)}"></canvas>'
        for name, what in (
            ("axial", "Axial plane through the joint, seen from the feet"),
            ("coronal", "Coronal plane through the joint, seen from the front"),
            ("sagittal", "Sagittal plane through the joint, the front on the left"),
        )
    )
    joints = "".join(
        f'<li><button type="button" data-joint="{n}" disabled>{escape(handout.name_of(target))}'
        f"</button> {escape(_said(handout, target))}</li>"
        for n, target in enumerate(handout.targets)
    )
    undecided = "".join(f"<p>{escape(line)}</p>" for line in handout.account.undecided)
    windows = "".join(f'<option value="{n}">{name}</option>' for n, name in enumerate(WINDOWS_HU))
    label = escape(handout.review.spect_label)
    return (
        '<section id="viewer"><h2>The neck in three planes</h2>'
        f'<p id="still" class="strong">{STILL}</p>'
        f'<div class="controls"><label>CT <input id="blend" type="range" min="0" max="100" '
        f'value="50" disabled> {label}</label><button type="button" id="blink" disabled>Blink'
        f'</button><label>CT window <select id="preset" disabled>{windows}</select></label>'
        f'<span>{_KEYS}</span></div><div class="planes">{planes}</div>'
        f'<p id="shown" class="strong" aria-live="polite"></p><ol class="joints">{joints}</ol>'
        f'{undecided}<script type="application/json" id="neck">{_data(handout)}</script></section>'
    )


def _said(handout: Handout, target: Target) -> str:
    """Return what is said of a joint beside its button: decision, answers, uptake, nerves."""
    nerves = [block.name for block in handout.plan.nerves if target.joint in block.joints]
    why = [why for joint, why in handout.plan.without_nerves if joint == target.joint]
    parts = [target.decision.value]
    if target.grade is not None:
        parts.append(f"grade {target.grade}")
    parts.append(f"uptake {said_uptake(target)}")
    if target.decision is Decision.POSITIVE:
        parts.append(f"matches pain: {said_answer(target.clinically_concordant)}")
        parts.append(f"operative bed: {said_answer(target.inside_operative_bed)}")
    if nerves:
        parts.append(f"nerves that usually supply it: {', '.join(nerves)}")
    why += filter(None, [handout.plan.why_apart(target.joint)])
    remarks = " ".join((*why, *handout.account.of_joint(target.joint).remarks))
    return f"{'; '.join(parts)}. {remarks}".strip()


def _data(handout: Handout) -> str:
    """Return what the script reads, as JSON that no text in it can break out of."""
    fused = handout.review.fused
    ct, spect = crops(fused, handout.targets)
    colors = np.rint(palette(DEFAULT_PALETTE) * 255).astype(int).ravel().tolist()
    simulated = [SIMULATED] if handout.review.simulated else []
    warnings = [*simulated, *map(plain, handout.cautions)]
    content = {
        "ct": ct.to_json(),
        "spect": spect.to_json(),
        "palette": colors,
        "windows": [{"name": name, "levels": window_levels(hu)} for name, hu in WINDOWS_HU.items()],
        "joints": [_joint(handout, target, ct, spect) for target in handout.targets],
        "foot": [
            *({"text": text, "color": "amber"} for text in warnings),
            {"text": DISCLAIMER, "color": "ink"},
        ],
        "wrong": WRONG,
        "lacking": LACKING,
    }
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _joint(handout: Handout, target: Target, ct: Crop, spect: Crop) -> dict[str, Any]:
    name = handout.name_of(target)
    points = np.array(target.point_lps) + np.array(CHECKED_MM)
    return {
        "name": name,
        "mark": f"{target.joint.name} ?" if handout.doubt_of(target.joint) else target.joint.name,
        "level": target.joint.level,
        "decision": target.decision.value,
        "said": f"{name}: {_said(handout, target)}",
        "at": list(target.point_lps),
        "checks": [[crop.at(point) for crop in (ct, spect)] for point in points],
    }
