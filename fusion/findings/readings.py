"""Readings, and what is handed on of them."""

from fusion.findings.finding import info, warning

LEVELS_PROVISIONAL = warning(
    "levels-provisional",
    "LEVELS PROVISIONAL, not certain and not confirmed: {joints}.",
)
DECIDED_ON_ANOTHER_NUMBERING = warning(
    "decided-on-another-numbering",
    "LEVELS UNCHECKED: decided before the levels were numbered as they are now: {joints}.",
)
LEVELS_UNCHECKED = warning(
    "levels-unchecked",
    "LEVELS UNCHECKED: the joints are not known, or contradict each other.",
)
LABELS_DISPUTED = warning(
    "labels-disputed",
    "LEVELS DISPUTED: the anatomy says otherwise now: {changes}.",
    ours="changes",
)
READ_UNDER_ANOTHER_UID = info(
    "read-under-another-uid",
    "The same CT pixels were read before under another Study Instance UID (a de-identified or re-"
    "sent copy): {count} reading(s), which are not shown here.",
)
OTHER_READING = info(
    "other-reading",
    "Another reading of this study exists: {reader}, version {version}, {state}, {positive} "
    "positive joint(s). It is not merged with this one.",
    ours="state",
)
CHANGED_INPUT = warning(
    "changed-input",
    "The {name} is not the one that this reading was made on: its {parts} differ. Look at every "
    "target again and save it anew, or open the original files.",
    ours="name parts",
)
DE_IDENTIFIED = info(
    "de-identified",
    "Names, identifiers, notes and private data were removed (DICOM PS3.15 Basic Profile). Dates "
    "and times were removed too; 1900-01-01 stands where there has to be one.",
)
DE_IDENTIFIED_FOR_SUV = info(
    "de-identified",
    "Names, identifiers, notes and private data were removed (DICOM PS3.15 Basic Profile). Every "
    "date was moved by the same unknown number of days, times of day stay, and weight, size, sex "
    "and age were kept, so that SUV can be computed.",
)
FACE_NOT_REMOVED = warning(
    "face-not-removed",
    "CT images of a neck can show the face, by which people can be recognised; pictures and images "
    "were not defaced. Text burned into the images, if there is any, was not looked for.",
)
IMAGES_NOT_COPIED = warning("images-not-copied", "{reason}")
DECIDED_ON_ANOTHER_ALIGNMENT = warning(
    "decided-on-another-alignment",
    "Decided on another alignment than the one that pictures and regions here are made with: "
    "{joints}. Points and uptake are those of the decision.",
)
PICTURES_PASS = info("pictures-pass", "The pictures pass through {where}.", ours="where")
NOT_EXPORTED = warning("not-exported", "No {what} was written. {reason}", ours="what")
NO_UPTAKE_REGION = warning(
    "no-uptake-region",
    "{joint}: there is no uptake at the point, so it has no segment.",
)
NO_SEGMENTATION = info(
    "no-segmentation",
    "No positive joint has uptake to outline; no SEG.",
)
NO_INTERACTIVE_REPORT = info(
    "no-interactive-report",
    "No joint is decided, so there is nothing to move to; no report_interactive.html.",
)
PATHWAY_OF_ANOTHER_VERSION = warning("pathway-of-another-version", "{reason}")
