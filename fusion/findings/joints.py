"""The joints, their levels, and the uptake measured at them."""

from fusion.findings.finding import error, info, warning

UPTAKE_NOT_MEASURED = info(
    "uptake-not-measured",
    "No uptake was measured. {reason}",
)
FUNCTIONAL_NOT_USED = error(
    "uptake-not-measured",
    "The study holds a SPECT or PET, or files that cannot be read, and no uptake was measured. "
    "{reason}",
)
PROPOSALS_WITHHELD = warning(
    "proposals-withheld",
    "Nothing is proposed, because the tracer is not known to show bone. To see the hot spots "
    "all the same, use --any-tracer.",
)
CERVICAL_RIB_RECORDED = info(
    "anomaly-recorded",
    "The reader recorded: {anomaly}. The first ribs may be of C7 or of T1 and hardly count as "
    "evidence.",
    ours="anomaly",
)
FUSION_RECORDED = info(
    "anomaly-recorded",
    "The reader recorded: {anomaly}. Its joints are called fused.",
    ours="anomaly",
)
MISSING_SEGMENT_RECORDED = warning(
    "anomaly-recorded",
    "The reader recorded: {anomaly}. Levels are counted down from C2 (dens), and what lies below "
    "is no evidence for their names. A neck of six ends with C6: what is called C6-C7 here is then "
    "the joint between C6 and T1, and what is called C7-T1 a thoracic one. These names are "
    "provisional; the operator has to count in the same way.",
    ours="anomaly",
)
EXTRA_SEGMENT_RECORDED = warning(
    "anomaly-recorded",
    "The reader recorded: {anomaly}. Levels are counted down from C2 (dens), and what lies below "
    "is no evidence for their names. The vertebra below C7 is then an eighth cervical one and not "
    "T1: what is called C7-T1 here is the joint between these two, and the joint below it has no "
    "name here and is not listed. That name is provisional; the operator has to count in the same "
    "way.",
    ours="anomaly",
)

ANOMALY_PROPOSED = warning(
    "anomaly-proposed",
    "The program proposes an anomaly and has set none: {anomalies} ({why}). Look at the CT, then "
    "record it or dismiss it.",
    ours="anomalies why",
)
ANOMALIES_RECORDED = (
    CERVICAL_RIB_RECORDED,
    FUSION_RECORDED,
    MISSING_SEGMENT_RECORDED,
    EXTRA_SEGMENT_RECORDED,
)
NO_CANAL_FOUND = warning(
    "no-spine-found",
    "No spinal canal was found on this CT, or too little of it to count from: no joints are "
    "reported, and which of them lie in the field is not known. Mark them by hand, or check the "
    "CT.",
)
CT_NOT_IN_HOUNSFIELD = warning(
    "no-spine-found",
    "The values of this CT are not Hounsfield units, by which bone is told from all else: no "
    "joints are looked for. Mark them by hand, or open the CT as the scanner made it.",
)
JOINTS_NOT_LOCATED = warning(
    "no-spine-found", "The joints could not be located, so no level is checked. {reason}"
)
NO_LEVEL_FOUND = warning(
    "no-spine-found",
    "No level of the neck was recognised on this CT: no joints are reported. Mark them by hand, "
    "or check the CT.",
)
JOINTS_NOT_FOUND = warning(
    "joints-not-found",
    "{joints}: should lie in the field of the CT and were not found. Mark them by hand.",
)
JOINTS_OBSCURED = warning(
    "joints-obscured", "{joints}: hidden by metal or not recognisable. Check by eye."
)
JOINTS_FUSED = warning("joints-fused", "{joints}: without a joint space (fused). Check by eye.")
NUMBERING_PROVISIONAL = warning(
    "numbering-provisional",
    "The levels are provisional: {why}. Click on a vertebra you know (C2 is best) before using "
    "any level.",
)
RIVAL_NUMBERING = warning(
    "rival-numbering",
    "This neck can be numbered in another way: {rival}. Look at the ribs and count from C2 by eye.",
    ours="rival",
)
CT_TOO_NOISY = warning(
    "ct-too-noisy",
    "The noise of this CT is {noise_hu:.0f} HU from voxel to voxel; above {limit_hu:.0f} HU single "
    "vertebrae cannot be counted. No level is called sure. Use a smoother reconstruction, or count "
    "by eye.",
)
CT_VALUES_SHIFTED = warning(
    "ct-values-shifted",
    "Fat and muscle of this CT lie {shift_hu:+.0f} HU from where they belong: its values are "
    "probably not HU. Bone was looked for as if they had not been shifted, and no level is called "
    "sure. Check the rescale intercept of the CT.",
)
CLICK_CONTRADICTED = warning(
    "click-contradicted",
    "The click on {clicked} is followed, but the picture speaks against it: {why}. Check it.",
    ours="why",
)
COUNT_BREAKS = warning(
    "count-breaks",
    "{levels}: the count of single vertebrae does not reach there without a break, a joint does "
    "not lie beside the gap for its nerve, or the end of the field cuts it and it looks like none. "
    "These levels are provisional.",
)
SLICES_BREAK = warning(
    "slices-break",
    "The picture jumps between two neighbouring slices at {levels}, or slices are there twice: "
    "some are missing or repeated, or the patient moved. No level is counted across that place, "
    "and joints beside it may be off. Look at the side view there.",
)
CLICKS_DISAGREE = warning(
    "clicks-disagree",
    "No numbering fits every click: two of them disagree, or one is not on the spine. Check them.",
)
THICK_SLICES = info(
    "thick-slices",
    "Slices of {slice_mm:g} mm: joint spaces cannot be seen, centres are good to about 3 to 6 mm, "
    "and fused joints cannot be told.",
)
FUSION_NOT_TOLD = info(
    "fusion-not-told",
    "Slices of {slice_mm:g} mm: whether a joint is fused cannot be told above {limit_mm:g} mm. "
    "Check by eye.",
)
JOINTS_FROM_LABELS = info(
    "joints-from-labels",
    "Joints come from {source}. Its names were checked against anatomy; what cannot be told is "
    "whether map and CT are mirrored together.",
)
LABELS_RENAMED = warning(
    "labels-renamed",
    "The reader's click moves every name of the label map by {levels} towards the {end}; the "
    "click is followed.",
    ours="levels end",
)
LABELS_CONTRADICTED = warning(
    "labels-contradicted",
    "On the CT alone the levels are numbered otherwise, and surely: the label map or the CT is "
    "off by a level. The names are provisional. Click on a vertebra you know.",
)
LABELS_APART = warning(
    "labels-apart",
    "{joints}: the label map places them more than {apart_mm:g} mm from where the CT alone does. "
    "Their levels are provisional; look at each of them.",
)
LABELS_UNCHECKED = warning(
    "labels-unchecked",
    "No spinal canal was found on the CT itself: nothing supports or contradicts the names of the "
    "label map.",
)
VERTEBRAE_SEGMENTED = info(
    "vertebrae-segmented",
    "The study holds a segmentation of the vertebrae {first} to {last} on this CT: series "
    "{series}, file {file}. It is not used unless you take it: facetfusion facets with --labels "
    "and the path of that file, or Label map… in the window.",
    ours="first last",
)
JOINTS_NOT_LABELLED = info(
    "joints-not-labelled",
    "{joints}: not in the label map, or no labelled surfaces face each other there.",
)
JOINTS_FROM_CT = info(
    "joints-from-ct",
    "{joints}: not in the label map, found on the CT alone.",
)
LABELS_WITHOUT_FRAME = info(
    "labels-without-frame",
    "{name} is NIfTI, which states no patient and no coordinate system of a scanner: that it "
    "belongs to this CT is checked by its place and by the bone under its labels only.",
)
LABELS_UNIT_ASSUMED = info(
    "labels-unit-assumed",
    "{name} states no unit of length; millimetres are taken.",
)
LABELS_COARSE = warning(
    "labels-coarse",
    "The labels have voxels of up to {voxel_mm:.1f} mm; joints from labels coarser than "
    "{limit_mm:g} mm can be off by several millimetres. Make the label map again without a fast "
    "mode, or check every joint by eye.",
)
JOINTS_MOVED = info(
    "joints-moved",
    "{joints}: put where they are by the reader.",
)
UPTAKE_NOT_VALIDATED = info(
    "uptake-not-validated",
    "No cut-off is validated for cervical facets: grades and thresholds are settings, and "
    "activity does not mean pain.",
)
NO_REFERENCE = warning(
    "no-reference",
    "Ratios to a reference are missing. {reason}",
    ours="reason",
)
JOINTS_OUTSIDE_SPECT = warning(
    "joints-outside-spect",
    "{joints}: outside the field of the {spect}, not measured.",
    ours="spect",
)
JOINTS_MERGED = warning(
    "joints-merged",
    "At a resolution of {resolution_mm:.0f} mm ({source}) neighbouring joints cannot be told apart "
    "at {levels}; their uptake belongs to both.",
    ours="source",
)
REGISTRATION_NOT_TRUSTED = warning(
    "registration-not-trusted",
    "The registration is not to be trusted: uptake may be that of another place, and no proposal "
    "names a joint with certainty. Check the alignment.",
)
