"""Sentences that have to be said, as literals: nothing here is imported from the code.

What each rests on: docs/sources.md#safety-sentences. Whoever changes one in the code changes it
here too, and so says twice that it is meant.
"""

SHORT_DISCLAIMER = "Research and education tool. Not a medical device."
DISCLAIMER = (
    "Research and education tool. Not a medical device. Not for diagnosis or treatment decisions."
)
SIMULATED = "SIMULATED — not a patient"
SIMULATED_IN_DICOM = "SIMULATED - not a patient"

RADIOGRAPH = "Computed from the CT; not a fluoroscopy image; not for needle placement."
CONFIRM = "Confirm side and level on live imaging, with marking and time-out, at the procedure."
NOT_PAINFUL = (
    "SPECT-positive does not mean painful. About one third of cervical facets in people without "
    "neck pain show arthritis on CT."
)
LIMITATIONS = (
    NOT_PAINFUL,
    "Nerve targets are the usual anatomical supply; anatomy varies. C1–C2 and C0–C1 have no medial "
    "branch target.",
    CONFIRM,
    "SUV shown only when the data prove quantitative units. No cut-off is validated for cervical "
    "facets.",
    "Pathway result reflects only the facts entered. Red flags need urgent clinical assessment "
    "whatever this screen says.",
)

#: The pathway's own sentences, as quoted, by the number of the statement.
PATHWAY = {
    "S19": "Recent research shows mixed results regarding CT/SPECT's ability to predict positive "
    "response to cervical medial branch blocks, suggesting it should not be used in isolation for "
    "treatment decisions",
    "S21": "CT/SPECT findings must be interpreted in the context of clinical symptoms, as "
    "degenerative changes are common in asymptomatic individuals",
    "S26": "This information is intended for healthcare professionals. Any medical decision-making "
    "should rely on clinical judgment and independently verified information. The content provided "
    "herein does not replace professional discretion and should be considered supplementary to "
    "established clinical guidelines. Healthcare providers should verify all information against "
    "primary literature and current practice standards before application in patient care. "
    "Dr.Oracle assumes no liability for clinical decisions based on this content.",
    "S27": "Educational purpose only • Exercise caution as content is pending human review Last "
    "updated: October 14, 2025",
}

#: Beside a plan of nerves: always, in this order.
NOTICES = (
    f"{NOT_PAINFUL} (Kim 2019, Asian Spine J 13:417, doi 10.31616/asj.2018.0235)",
    "Nerve targets are the usual anatomical supply; anatomy varies. C1-C2 and C0-C1 have no medial "
    "branch target.",
    CONFIRM,
)
#: And where more than two joints of one side, or more than two levels, are positive.
MANY_LEVELS = (
    "More than two joints on one side, or more than two levels, are positive: payers and several "
    "guidelines limit levels per session; check local rules."
)
FUSED_LEVEL = "This level is fused; no medial branch block is suggested for it."

#: What the pathway cautions for one target: (match pain, operative bed, other evidence) to what is
#: said, by statement. None is "not recorded", which is never "no".
TARGET_CAUTIONS = {
    (None, None, None): {
        "S21": "Not correlated: clinical side and level not recorded.",
        "S19": "Not recorded whether anything but the SPECT result supports this target.",
        "S20": "Not recorded whether there was cervical surgery or this is its operative bed.",
    },
    (False, True, False): {
        "S21": "Not clinically concordant in side or level.",
        "S19": "Nothing but the SPECT result is recorded in support of this target.",
        "S20": "Inside the operative bed; time since surgery not recorded: ask for it.",
    },
    (True, False, True): {
        "S21": "Recorded as clinically concordant in side and level.",
        "S19": "Other evidence (history, exam, block) is recorded.",
    },
}
