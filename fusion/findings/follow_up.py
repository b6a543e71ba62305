"""Two dates of one patient, held against each other."""

from fusion.findings.finding import error, info, warning

SAME_PATIENT_STATED = warning(
    "same-patient-stated",
    "The studies do not state enough to tell that both are of one patient. {who} states that they "
    "are.",
    assumption=True,
)
ORDER_NOT_STATED = warning(
    "order-not-stated",
    "The studies do not state which of them is the earlier one; they are taken in the order given.",
    assumption=True,
)
ANOTHER_TRACER = error(
    "another-tracer",
    "The tracers of the two dates differ ({earlier}; {later}). Uptake of different tracers is not "
    "compared: no change is told.",
)
NO_BONE_TRACER = error(
    "no-bone-tracer",
    "The tracer of the {which} date does not show bone, or is not stated by a PET. The limits of "
    "change are those of bone tracers: no change is told.",
    ours="which",
)
TRACER_UNKNOWN = warning(
    "tracer-unknown",
    "The {which} date does not state its tracer, so that both are of one tracer is taken for "
    "granted. Check it.",
    ours="which",
    assumption=True,
)
ANOTHER_SYSTEM = warning(
    "another-system",
    "The dates were scanned on different systems or with different collimators ({earlier}; "
    "{later}). The limits do not cover that: ratios are shown, no change is told.",
)
ANOTHER_RECONSTRUCTION = warning(
    "another-reconstruction",
    "The dates were reconstructed differently ({what}). The limits do not cover that: ratios are "
    "shown, no change is told.",
    ours="what",
)
ANOTHER_RESOLUTION = warning(
    "another-resolution",
    "The resolution of the two dates differs: {earlier:.1f} and {later:.1f} mm, as estimated from "
    "the pictures. The limits do not cover that: ratios are shown, no change is told.",
)
UNUSUAL_RESOLUTION = warning(
    "another-resolution",
    "The resolution of the {which} picture is {found:.1f} mm, as estimated from it; that of the "
    "other cannot be told and may be anything from {low:g} to {high:g} mm. The limits do not cover "
    "that: ratios are shown, no change is told. Compare dates of one camera and one "
    "reconstruction.",
    ours="which",
)
RESOLUTION_SHARED = warning(
    "resolution-shared",
    "The resolution of the two dates differs: {earlier:.1f} mm earlier, {later:.1f} mm later, as "
    "estimated from the pictures. For the change the sharper picture was smoothed to "
    "{common:.1f} mm, and the limits are widened by what is not known of the difference.",
)
RESOLUTION_UNKNOWN = warning(
    "resolution-unknown",
    "How sharp the {which} picture is cannot be told from it. Anything from 8 to 12 mm is taken "
    "to be possible, and the limits are widened by what that does to each joint. Compare dates of "
    "one camera and one reconstruction.",
    ours="which",
    assumption=True,
)
RECONSTRUCTION_NOT_STATED = warning(
    "reconstruction-not-stated",
    "The files do not state how the {which} SPECT or PET was reconstructed, so that both were made "
    "alike is taken for granted. Check it.",
    ours="which",
    assumption=True,
)
ANOTHER_DELAY = warning(
    "another-delay",
    "From injection to scan: {earlier:.1f} h on the earlier date, {later:.1f} h on the later one. "
    "The limits are widened.",
    of_patient=True,
)
DELAY_TOO_DIFFERENT = error(
    "delay-too-different",
    "From injection to scan: {earlier:.1f} h on the earlier date, {later:.1f} h on the later one. "
    "The limits do not cover that: ratios are shown, no change is told.",
    of_patient=True,
)
DELAY_NOT_STATED = info(
    "delay-not-stated",
    "The time from injection to scan is not stated for both dates. The limits are widened.",
)
NOT_COMPARABLE_BY_VALUE = error(
    "not-comparable-by-value",
    "All joints without activity together changed by {percent:+.0f} % against the reference. That "
    "is the scans or the reference, not the joints: the dates are not comparable by value, and no "
    "change is told.",
)
TOO_FEW_INACTIVE = error(
    "too-few-inactive",
    "Only {found} joints are without activity on one of the dates; {needed} are needed to tell "
    "that the dates are comparable by value. No change is told.",
)
SCATTER_BEYOND_LIMITS = warning(
    "scatter-beyond-limits",
    "The joints without activity scatter {times:.1f} times as much between the dates as counting, "
    "placement and days explain. The limits are widened by that.",
)
NO_REFERENCE_ON_DATE = error(
    "no-reference-on-date",
    "On the {which} date there is no ordinary bone to compare with. {why} No change is told.",
    ours="which why",
)
ALIGNMENT_NOT_TRUSTED = error(
    "alignment-not-trusted",
    "The alignment of the {which} date is not to be trusted, so where its uptake is measured is "
    "not known. No change is told.",
    ours="which",
)
NEW_FUSION = warning(
    "new-fusion",
    "FUSED since the earlier date, or recorded as fused since: {joints}.",
)
FUSION_GONE = warning(
    "fusion-gone",
    "Fused on the earlier date and not on the later one: {joints}. Check the levels of both dates.",
)
NEW_HARDWARE = warning(
    "new-hardware",
    "METAL on the later CT that the earlier one does not show, beside {joints}. Uptake in an "
    "operative bed rises for months without disease; a change there is no activity of the joint.",
)
HARDWARE_GONE = warning(
    "hardware-gone",
    "Metal on the earlier CT that the later one does not show, beside {joints}. Uptake in an "
    "operative bed rises for months without disease; a change there is no activity of the joint.",
)
LEVELS_OF_DATE_PROVISIONAL = warning(
    "levels-of-date-provisional",
    "LEVELS PROVISIONAL on the {which} date, not certain and not confirmed: {joints}. The pictures "
    "of both dates agree about which joint is which, not about its name.",
    ours="which",
)
LEVELS_OF_DATE_DISPUTED = warning(
    "levels-of-date-disputed",
    "LEVELS DISPUTED on the {which} date: the anatomy says otherwise now of what was decided "
    "there: {changes}. Compared are the joints as they are numbered now.",
    ours="which",
)
LINKED_BY_NAMES = warning(
    "linked-by-names",
    "The CTs of the two dates are not alike at {joints}: the views are linked there by the names "
    "of the joints alone.",
)
ON_ONE_DATE_ONLY = info(
    "on-one-date-only",
    "Not measured on both dates, so nothing is said of a change: {joints}.",
)
