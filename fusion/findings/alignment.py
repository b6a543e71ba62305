"""Which CT and SPECT or PET, and how one was put onto the other."""

from fusion.findings.finding import info, warning

PATIENT_MISMATCH_OVERRIDDEN = warning(
    "patient-mismatch-overridden",
    "The CT and the {spect} state different patients ({differing} differ); combined on the "
    "responsibility of {who}.",
    ours="spect differing",
    assumption=True,
)
DIFFERENT_STUDIES = warning(
    "different-studies",
    "The CT and the {spect} come from different studies.",
    ours="spect",
)
OTHER_BEDS = warning(
    "other-beds",
    "Only a part of what was scanned is shown: {spect} {chosen}. Another part lies in {others}; "
    "choose it with --spect, or as the series that is shown.",
    ours="spect",
)
DIFFERENT_DATES = warning(
    "different-dates",
    "The CT is dated {ct_date} and the {spect} {spect_date}; posture and anatomy may have changed "
    "in between.",
    ours="spect",
)
PATIENT_NOT_COMPARED_IN_STUDY = info(
    "patient-not-compared",
    "The CT and the {spect} state no patient ID, birth date or name that could be compared; that "
    "they are filed as one study is all that joins them. Make sure that both are of the same "
    "patient.",
    ours="spect",
)
PATIENT_NOT_COMPARED = warning(
    "patient-not-compared",
    "The CT and the {spect} come from different studies and state no patient ID, birth date or "
    "name that could be compared. Make sure that both are of the same patient.",
    ours="spect",
)
CT_ATTENUATION_MAP = warning(
    "ct-attenuation-map",
    "The CT is named like an attenuation map. Its values may not be Hounsfield units, and bone "
    "may be hard to see; choose the CT itself where there is one.",
)
SHARED_FRAME = info(
    "shared-frame",
    "The CT and the {spect} share one coordinate system (DICOM Frame of Reference): the scanner "
    "vouches for their alignment; a patient who moved does not show in it.",
    ours="spect",
)
DIFFERENT_FRAMES = warning(
    "different-frames",
    "The CT and the {spect} do not share a coordinate system (DICOM Frame of Reference); they can "
    "only be shown together through a registration.",
    ours="spect",
)
STORED_REGISTRATION = info(
    "stored-registration",
    "The {spect} is placed by the registration stored with the study, {registration}.{moved} To "
    "open the study without it, use --ignore-stored-registration.",
    ours="spect moved",
)
STORED_REGISTRATION_OF_OTHERS = info(
    "stored-registration-of-others",
    "{count} stored registration(s) in the study join other images or other coordinate systems "
    "and were not used.",
)
STORED_REGISTRATION_IGNORED = info(
    "stored-registration-ignored",
    "The study comes with a stored registration, which was not used, as asked.",
)
STORED_REGISTRATION_REFUSED = warning(
    "stored-registration-refused",
    "The stored registration {label} was not used: {reason}",
)
STORED_REGISTRATION_ROUNDED = info(
    "stored-registration-rounded",
    "The stored registration was written with few decimals; it was made exactly rigid, which "
    "moves the edge of the {spect} by {moved_mm:.2f} mm.",
    ours="spect",
)
STORED_REGISTRATION_BY_IMAGES = info(
    "stored-registration-by-images",
    "The CT and the {spect} state the same coordinate system (DICOM Frame of Reference); the "
    "stored registration was matched to them by the images that it lists.",
    ours="spect",
)
STORED_REGISTRATION_LARGE = warning(
    "stored-registration-large",
    "The stored registration moves the {spect} by {shift_mm:.1f} mm away from where the scanner "
    "placed it. Check the alignment by eye.",
    ours="spect",
    assumption=True,
)
STORED_REGISTRATIONS_DIFFER = warning(
    "stored-registrations-differ",
    "{count} stored registrations fit these images and differ by up to {apart_mm:.1f} mm; the "
    "latest is used, {label}.",
)
REGISTRATION_SAME_FRAME = info(
    "registration-same-frame",
    "Both sides of the registration object state the same coordinate system (DICOM Frame of "
    "Reference); only the images that each lists tell them apart. A program that reads the Frame "
    "of Reference alone will not apply it.",
)
CT_STRAIGHTENED = info(
    "ct-straightened",
    "The CT slices are tilted or oblique to the patient axes; for display they were interpolated "
    "onto straight slices of the same spacing.",
)
CHOICE = info("choice", "{reasons}")
PLACEMENT_STATED_BY_USER = warning(
    "placement-stated-by-user",
    "{doubt} They are shown together as the files place them, on the word of {who}. Check the "
    "alignment.",
    ours="doubt",
    assumption=True,
)
FRAME_STATED_BY_USER = warning(
    "frame-stated-by-user",
    "The files do not say that the CT and the {spect} share a coordinate system (DICOM Frame of "
    "Reference); they are placed as if they did, on the word of {who}. Check the alignment.",
    ours="spect",
    assumption=True,
)
STORED_REGISTRATION_CHECKED = info(
    "stored-registration-checked",
    "The images put the {spect} {away_mm:.1f} mm at most from the stored registration in the "
    "neck, uncertainty {uncertainty_mm:.1f} mm.{ending}",
    ours="spect ending",
)
REGISTRATION_NOT_NEEDED = info(
    "registration-not-needed",
    "Keep the scanner's alignment: the images ask for {moved_mm:.1f} mm at most, which is no more "
    "than they can tell.{ending}",
    ours="ending",
)
REGISTRATION_NO_BETTER = info(
    "registration-not-needed",
    "Keep the scanner's alignment: the pictures agree no better when moved by {moved_mm:.1f} mm."
    "{ending}",
    ours="ending",
)
STORED_REGISTRATION_DOUBTED = warning(
    "stored-registration-doubted",
    "The images do not confirm the stored registration that is in use: {reason} Check every level "
    "by eye.",
    ours="reason",
)
ALIGNMENT_CHECKED = info(
    "alignment-checked",
    "The images put the {spect} {away_mm:.1f} mm at most from the alignment in use in the neck, "
    "uncertainty {uncertainty_mm:.1f} mm.{ending}",
    ours="spect ending",
)
ALIGNMENT_DOUBTED = warning(
    "alignment-doubted",
    "The images do not confirm the alignment that is in use: {reason} Check every level by eye.",
    ours="reason",
)
POSSIBLE_NECK_MOTION = warning(
    "possible-neck-motion",
    "Possible neck motion between the two scans: {moved} One rigid transform cannot fit all "
    "levels; compare the levels one by one, or use the neck correction.",
    ours="moved",
)
SIDES_UNSURE = warning(
    "sides-unsure",
    "The pictures agree a little better when left and right are exchanged (correlation of details "
    "{exchanged:.2f} instead of {stated:.2f}). Uptake on one side alone can do that; so can a "
    "picture whose sides are exchanged. Check the sides in the original images.",
)
REGISTERED = info(
    "registered",
    "Rigid registration moved the {spect} by {shift_mm:.1f} mm and {angle_deg:.1f}° in the middle "
    "of the neck, uncertainty {uncertainty_mm:.1f} mm.{ending}",
    ours="spect ending",
)
SECOND_METHOD_SILENT = info(
    "second-method-silent",
    "A second, independent method gave no answer: {problem}.",
    ours="problem",
)
SECOND_METHOD_DISAGREES = warning(
    "second-method-disagrees",
    "A second, independent method ends {away_mm:.1f} mm away in the neck (expected at most "
    "{limit_mm:.0f} mm). Check every level by eye.",
)
SECOND_METHOD_AGREES = info(
    "second-method-agrees",
    "A second, independent method ends {away_mm:.1f} mm away in the neck.",
)
REGISTRATION_REJECTED = warning(
    "registration-rejected",
    "The registration was not applied: {reason} The scanner's own alignment is used instead, and "
    "nothing confirms it.",
    ours="reason",
)
MANUAL_SHIFT = warning(
    "manual-shift",
    "The alignment was moved by hand by {shift_mm:.1f} mm and {angle_deg:.1f}°, more than "
    "{limit_mm:.0f} mm: half a vertebral level, enough to put uptake on the wrong joint. Check "
    "every level by eye.",
    assumption=True,
)
MANUAL_ADJUSTMENT = info(
    "manual-adjustment",
    "The alignment was moved by hand by {shift_mm:.1f} mm and {angle_deg:.1f}°.",
)
IMAGES_ASK_ELSEWHERE = warning(
    "images-ask-elsewhere",
    "The alignment of the scanner is in use, and the images ask for a position {away_mm:.1f} mm "
    "from it in the neck. Check every level by eye.",
)
NECK_CORRECTION_IN_USE = warning(
    "neck-correction-in-use",
    "Upper and lower neck are put onto the CT apart, bent by {bend_deg:.1f}°. A DICOM "
    "registration object cannot hold that: the one written has the rigid proposal, "
    "registration.json beside it has both parts.",
    assumption=True,
)
LITTLE_OVERLAP = warning(
    "little-overlap",
    "Only {share:.0%} of the {spect} lies inside the CT's field, and it covers hardly any of that. "
    "Check that the two show the same part of the body.",
    ours="spect",
)
