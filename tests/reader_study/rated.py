"""Made-up answers of readers, without journals."""

from __future__ import annotations

import numpy as np

from fusion.anatomy.joints import JOINTS
from fusion.reader_study.ratings import DECISIONS, NerveRating, Rating


def rated(
    patients: int = 12, readers: int = 3, *, arms: tuple[str, ...] = ("alone",), seed: int = 1,
    repeats: int = 0, noise: float = 0.5,
) -> tuple[tuple[Rating, ...], tuple[NerveRating, ...]]:  # fmt: skip
    """Return answers that agree more the less noise there is."""
    random = np.random.default_rng(seed)
    ratings, nerves = [], []
    disease = random.normal(0, 1.2, (patients, len(JOINTS)))
    for arm in arms:
        for case in range(patients):
            for reader in range(readers):
                for again in (False, True)[: 2 if case < repeats else 1]:
                    seen = disease[case] + random.normal(0, noise, len(JOINTS))
                    about = (
                        f"Reader {'ABCDEFG'[reader]}",
                        arm,
                        f"c{case:02d}",
                        case + 1,
                        1,
                        case + 1,
                    )
                    for place, joint in enumerate(JOINTS):
                        error = random.normal(0, 0.05)
                        code = int(seen[place] > 0.8) + int(seen[place] > 1.1)
                        decision = DECISIONS[3 if random.random() < 0.02 else code]
                        ratings.append(
                            Rating(
                                *about, again, joint.level, joint.side.value, decision,
                                (2 if code == 2 else 1) if code else None,
                                float(np.exp(0.4 + 0.5 * disease[case, place] + error)),
                                *(random.normal(0, 1.0, 3) + place * 15.0),
                                2.5,
                            )
                        )  # fmt: skip
                    positive = [j for j, s in zip(JOINTS, seen, strict=True) if s > 1.1]
                    nerves.append(NerveRating(*about, again, "; ".join(j.name for j in positive)))
    return tuple(ratings), tuple(nerves)
