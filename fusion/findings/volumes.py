"""Slices, pixels and their unit, before anything is put onto anything."""

from fusion.findings.finding import error, info, warning

PADDING_UNREADABLE = warning(
    "pixel-padding-ignored",
    "The header's Pixel Padding Value cannot be read; unscanned corners of the CT keep their "
    "stored values.",
)
PADDING_NOT_BELIEVED = warning(
    "pixel-padding-ignored",
    "The header calls {warmest_hu:.0f} HU padding, which can be tissue. It was not masked; "
    "unscanned corners may look like tissue.",
)
PIXEL_PADDING = info(
    "pixel-padding",
    "{voxels} voxels that were never scanned (padding) are shown as air, {air_hu:.0f} HU.",
)
BITS_BEYOND_STORED = warning(
    "bits-beyond-stored",
    "{pixels} pixel(s) hold more than the {bits} bits that the header calls their value (Bits "
    "Stored). What is beyond was not read: old overlays stand there. If it is a part of the value, "
    "the value is cut; compare with the workstation.",
    ours="bits",
)
ATTENUATION_MAP_POSSIBLE = warning(
    "attenuation-map-possible",
    "The Radiopharmaceutical of this volume reads as an attenuation map, while nothing else does. "
    "Check that it shows uptake before using it.",
)
ATTENUATION_MAP = warning(
    "attenuation-map",
    "This volume is an attenuation map ({reason}): it shows density, not uptake of the tracer. "
    "Choose the emission reconstruction.",
    ours="reason",
)
FIELD_SMALLER = info(
    "field-smaller",
    "Parts of the {spect} are empty because its camera did not see there: {parts}. They count as "
    "outside its field, never as no uptake.",
    ours="spect parts",
)
FIELD_TOO_SMALL = warning(
    "field-too-small",
    "The longest side of this {volume} is {longest_mm:.0f} mm by its header; a neck does not fit "
    "into it. Its sizes may be in another unit (centimetres), and everything would lie elsewhere. "
    "Measure the neck on the picture before using it.",
    ours="volume",
)
SUV_INPUTS = info(
    "suv-inputs",
    "SUVbw from {dose:.1f} MBq, {weight_kg:g} kg; {decayed}.",
    ours="decayed",
    of_patient=True,
)
SUV_NOT_AVAILABLE = info(
    "suv-not-available",
    "No SUV: {missing} missing or unusable. Ratios do not need them.",
    ours="missing",
    of_patient=True,
)
SLICES_DISAGREE = warning(
    "slices-disagree",
    "The slices of this volume state different values of {differing}: their numbers may not be "
    "comparable with each other. Ask for the series to be exported again.",
    ours="differing",
)
NOT_A_BONE_TRACER = warning(
    "not-a-bone-tracer",
    "The tracer is {tracer}, which does not show the turnover of bone: uptake at a joint may be "
    "that of muscle, gland, vessel or marrow. Joints are measured; nothing is proposed unless "
    "asked for.",
)
TRACER_NOT_KNOWN = warning(
    "tracer-unknown",
    "The tracer is called {tracer}, which is not known here as a tracer of bone: uptake at a joint "
    "may mean something else. Check what was injected. Joints are measured; nothing is proposed "
    "unless asked for.",
)
TRACER_ASSUMED = warning(
    "tracer-not-stated",
    "The file does not say which tracer was injected. One of bone is assumed, as in nearly every "
    "SPECT of a neck; check what was injected before reading uptake as turnover of bone.",
    assumption=True,
)
TRACER_NOT_STATED = warning(
    "tracer-not-stated",
    "The file does not say which tracer was injected, and most PET does not show the turnover of "
    "bone. Joints are measured; nothing is proposed unless asked for.",
)
DOSE_UNIT = warning(
    "dose-unit",
    "The file states a dose of {dose:g} without a unit; it can only be in {unit}, although the "
    "standard prescribes {prescribed} here. {dose_mbq:.1f} MBq is used.",
    ours="unit prescribed",
)
DECAY_REFERENCE_ASSUMED = warning(
    "decay-reference-assumed",
    "The file says that decay was corrected, but Nuclear Medicine objects cannot say to which "
    "moment; the start of the acquisition is assumed for SUV.",
)
SERIES_AFTER_ACQUISITION = warning(
    "series-after-acquisition",
    "The series is dated later than its first acquisition, as happens when it was processed "
    "again; decay is counted to the start of the acquisition.",
)
HALF_LIFE_DISAGREES = warning(
    "half-life-disagrees",
    "The file states a half-life of {stated:g} s for {nuclide}; {half_life_s:.0f} s is used.",
    ours="nuclide",
)
INJECTION_DATE_ASSUMED = warning(
    "injection-date-assumed",
    "The file states the time of injection without its date; {time} on the {day} the image "
    "is assumed. SUV is wrong if it was another day.",
    ours="time day",
    of_patient=True,
)
INJECTION_TIMES_DIFFER = warning(
    "injection-times-differ",
    "The file states two times of injection, {used} with its date and {other} without; the one "
    "with its date is used. SUV is wrong if the other one is right.",
    ours="used other",
    of_patient=True,
)
SUV_DISAGREES = warning(
    "suv-disagrees",
    "The SUV that the file states itself is {times:.2f} times the one computed here from its dose, "
    "weight and times. Which is right is not known; ratios do not depend on it.",
)
SCALING_DISAGREES = warning(
    "scaling-disagrees",
    "The file states two scales: {slope:g} × stored {intercept:+g} {unit} (Real World Value "
    "Mapping, used) and {rescale_slope:g} × stored {rescale_intercept:+g} (Rescale). Other "
    "programs may show other numbers.",
)
RESCALE_IN_NM = warning(
    "rescale-in-nm",
    "The file states a Rescale Slope of {slope:g} and Intercept of {intercept:g}, which Nuclear "
    "Medicine objects should not have, and no unit where they state one (Real World Value "
    "Mapping). They were applied; the values are shown as counts.",
)
RESCALE_MISSING = warning(
    "rescale-missing",
    "The CT states no Rescale Slope and Intercept; its stored values are taken as Hounsfield "
    "units. Check bone and air before trusting densities.",
)
HOUNSFIELD_OFF = warning(
    "hounsfield-off",
    "The values of this CT are not Hounsfield units: air stands at about {air_hu:.0f} and soft "
    "tissue at about {tissue_hu:.0f}, which is {off_hu:+.0f} off. Its Rescale Intercept was "
    "probably lost. Bone is not where it is looked for; ask for the CT from the scanner.",
)
RESCALE_TYPE_UNSTATED = warning(
    "rescale-type",
    "The CT does not specify the unit of its values (Rescale Type US); they are taken as "
    "Hounsfield units.",
)
RESCALE_TYPE_OTHER = warning(
    "rescale-type",
    "The values of this CT are in {stated}, not in Hounsfield units; bone and air may not be "
    "where they are expected.",
)
PALETTE_NOT_USED = info(
    "palette-not-used",
    "The file brings colours for its values (PALETTE COLOR); the values are read as counts, and "
    "the colours are not used.",
)
SLOPE_ZERO = warning(
    "slope-zero",
    "{slices} slice(s) state a Rescale Slope of 0 and hold nothing but zeros; they are read as "
    "zero.",
)
UNIT_MISSING = warning(
    "unit-missing",
    "The PET states no unit; its values can be compared with each other and with nothing else.",
)
PHILIPS_SUV_FACTOR = info(
    "philips-suv-factor",
    "The file holds counts and a private factor of the manufacturer for SUV (7053,1000), which is "
    "not applied.",
)
MAPPING_WITHOUT_UNIT = warning(
    "mapping-without-unit",
    "The file maps stored values to real-world values without saying in which unit; the mapping "
    "is not used.",
)
MAPPING_RANGE = warning(
    "mapping-range",
    "The file gives a meaning to stored values from {first:g} to {last:g} only, and holds values "
    "from {lowest:g} to {highest:g}. The same line was continued.",
)
MAPPING_RANGE_HALF_STATED = warning(
    "mapping-range",
    "The file holds stored values outside the range to which it gives a meaning. The same line "
    "was continued.",
)
SEVERAL_UNITS = info(
    "several-units",
    "The file offers its values in {offered}; {chosen} is used.",
)
DUPLICATE_UID = error(
    "duplicate-uid",
    "{count} different images carry an identifier (SOP Instance UID) that must be unique "
    "({names}{more}). Which of them is right cannot be told; check where the files come from.",
    ours="more",
)
DUPLICATE_COPIES = info(
    "duplicate-copies",
    "{copies} file(s) are copies of others and were left out.",
)
LOCALIZER_FRAMES = info(
    "localizer",
    "{count} localizer frame(s) are no part of the volume; left out.",
)
CONCATENATION_INCOMPLETE = warning(
    "concatenation-incomplete",
    "Only {count} of {total} parts of this object are here ({label} is one of them); slices may "
    "be missing at its ends. Open the complete series.",
)
VECTORS_LEFT_OVER = info(
    "vectors-left-over",
    "{vectors} number other frames than the {count} of this file (the views that it was "
    "reconstructed from) and were not used; the slices are numbered completely without.",
    ours="vectors",
)
SLICE_VECTOR_MISSING = warning(
    "slice-vector-missing",
    "The file does not number its {count} slices (Slice Vector); it was read in the order of its "
    "frames. Check the levels.",
    assumption=True,
)
ORDER_NEEDED = error(
    "spacing-needed",
    "The file numbers its {count} frames in no way (Slice Vector and Number of Slices are missing, "
    "as in files of research programs): that they are slices, and in which order, is not stated. "
    "If you know that they run in order, state the distance from one to the next in mm: --spacing "
    "{magnitude} if they run towards the {along}, --spacing -{magnitude} if towards the {against}.",
    ours="magnitude along against",
)
POSITIONS_NEEDED = error(
    "spacing-needed",
    "The {count} files of this series hold one slice each and state the position of one slice in "
    "all: where the others lie is not said. If you know that they follow each other in the order "
    "of their numbers (Instance Number), state the distance from one to the next in mm: --spacing "
    "{magnitude} if they run towards the {along}, --spacing -{magnitude} if towards the {against}. "
    "Otherwise export the reconstruction as one object, or with the position of each slice.",
    ours="magnitude along against",
)
SPACING_CONTRADICTED = error(
    "spacing-needed",
    "The order of the slices is on the word of the user, who states {spacing_mm:g} mm from one to "
    "the next; the file states {magnitude} mm. Which is right is not known, and neither was used. "
    "State --spacing {magnitude} if the slices run towards the {along}, --spacing -{magnitude} if "
    "towards the {against}; or export the reconstruction again.",
    ours="magnitude along against",
)
SPACING_OF_FRAMES = error(
    "spacing-needed",
    "The user states {spacing_mm:+g} mm from one slice to the next, but {where} put the slices "
    "{magnitude} mm apart{running}. Which is right is not known, and neither was used. State "
    "{options}; or export the reconstruction again.",
    ours="where magnitude running options",
)
POSITIONS_STATED = warning(
    "positions-stated-by-user",
    "The files state the position of one slice only. The others follow it in the order of their "
    "numbers (Instance Number), on the word of the user; were that wrong, side or level would be. "
    "Check against the CT.",
    assumption=True,
)
SLICE_COUNT_MISSING = info(
    "slice-count-missing",
    "Number of Slices is missing; the slices were counted.",
)
FRAME_POINTER_MISSING = info(
    "frame-pointer-missing",
    "Frame Increment Pointer is missing; the frames are numbered all the same.",
)
FRAME_POINTER_INCOMPLETE = info(
    "frame-pointer-incomplete",
    "Frame Increment Pointer does not name {vectors}, which numbers the frames all the same and "
    "was used.",
    ours="vectors",
)
FRAME_POINTER_DISAGREES = warning(
    "frame-pointer-disagrees",
    "Frame Increment Pointer names {vectors}, which the file does not hold. The remaining vectors "
    "number every frame and were used.",
    ours="vectors",
)
USER_SPACING_NOT_USED = warning(
    "user-spacing-not-used",
    "The file states a spacing of {stated:g} mm between slices, which was used; the "
    "{spacing_mm:g} mm given by the user were not.",
)
SPACING_NEEDED = error(
    "spacing-needed",
    "Spacing Between Slices is {what}. Slice Thickness gives its magnitude but not its sign, on "
    "which side and level depend. State it in mm: --spacing {magnitude} if the slices run towards "
    "the {along}, --spacing -{magnitude} if towards the {against}.",
    ours="what magnitude along against",
)
USER_GEOMETRY = warning(
    "user-geometry",
    "The distance between slices ({spacing_mm:+g} mm) was stated by the user, not by the file. "
    "With it the slices run towards the {towards}; were that wrong, side or level would be. Check "
    "against the CT.",
    ours="towards",
    assumption=True,
)
USER_DIRECTION = warning(
    "user-geometry",
    "That the slices run towards the {towards} ({spacing_mm:+g} mm from one to the next) was "
    "stated by the user; the file states the distance, but no order that its sign could belong "
    "to. Were that wrong, side or level would be. Check against the CT.",
    ours="towards",
    assumption=True,
)
USER_SPACING_DOUBTFUL = warning(
    "user-spacing-doubtful",
    "The spacing stated by the user ({spacing_mm:g} mm) differs from Slice Thickness "
    "({thickness_mm:g} mm) by more than {limit:.0%}.",
)
SPACING_ROUNDED = warning(
    "spacing-rounded",
    "The file states slices {spacing_mm:g} mm apart, which was used, and {thickness_mm:g} mm "
    "thick: one of the two may be rounded, and the ends of the SPECT would lie up to "
    "{length_mm:.0f} mm elsewhere. Check the alignment at both ends of the neck.",
)
SPACING_DOUBTFUL = warning(
    "spacing-doubtful",
    "The file states slices {spacing_mm:g} mm apart, which was used, and {thickness_mm:g} mm "
    "thick. Slices can overlap or leave gaps; but were the distance wrong, uptake would lie up to "
    "{length_mm:.0f} mm higher or lower, at another level. Check the alignment at both ends of the "
    "neck, and the distance on the workstation.",
)
SPACING_UNLIKE_PIXELS = warning(
    "spacing-doubtful",
    "The file states slices {spacing_mm:g} mm apart, which was used, while its pixels lie "
    "{pixel_mm:g} mm apart and no Slice Thickness is stated. Were the distance wrong, uptake would "
    "lie at another level. Check the alignment at both ends of the neck, and the distance on the "
    "workstation.",
)
SPACING_DISPUTED = error(
    "spacing-needed",
    "The file states slices {spacing_mm:g} mm apart (towards the {towards}), but {thickness_mm:g} "
    "mm thick, about as its pixels are wide and high. One of the two is wrong, uptake would lie at "
    "another level with it, and neither was used. State the one that the workstation shows: "
    "{options}; or export the reconstruction again.",
    ours="towards options",
)
SPACING_CHOSEN = warning(
    "user-geometry",
    "The file contradicts itself about the distance between slices; {spacing_mm:+g} mm, towards "
    "the {towards}, was chosen by the user. Were that wrong, the level would be. Check against the "
    "CT.",
    ours="towards",
    assumption=True,
)
TOP_LEVEL_GEOMETRY = warning(
    "top-level-geometry",
    "Position and orientation stand where Nuclear Medicine objects should not have them (top "
    "level instead of Detector Information Sequence). They were used: check side and level.",
    assumption=True,
)
GANTRY_TILT = info(
    "gantry-tilt",
    "The slices are tilted by {tilt_deg:.1f}° against the direction in which they are stacked "
    "(gantry tilt). The tilt is kept exactly; the images are resampled for display.",
)
SLICE_POSITIONS_COARSE = info(
    "slice-positions-coarse",
    "The slice positions are stated with one decimal only, so that the steps between them differ. "
    "All fit an even step of {step_mm:.3f} mm to within {deviation_mm:.2f} mm, which is used.",
)
SLICE_POSITIONS_ROUNDED = info(
    "slice-positions-rounded",
    "The stated slice positions lie up to {deviation_mm:.3f} mm away from even steps of "
    "{step_mm:.3f} mm; even steps are used.",
)
DUPLICATE_SLICE = info("duplicate-slice", "{repeats}{rest}; {were} left out.", ours="rest were")
LOCALIZER_IMAGES = info(
    "localizer",
    "{labels} {what} and no part of the volume; left out.",
    ours="what",
)
CT_GOES_ON_ELSEWHERE = warning(
    "ct-goes-on-elsewhere",
    "Towards the {towards} this CT is continued by {count} image(s) of another series "
    "that are no part of it. It may end too early there; ask for the complete series if the neck "
    "lies at that end.",
    ours="towards",
)
GOES_ON_ELSEWHERE = warning(
    "volume-goes-on-elsewhere",
    "Towards the {towards} this {volume} is continued by {count} image(s) of another series that "
    "are no part of it. It may end too early there; ask for the complete series if the neck lies "
    "at that end.",
    ours="volume towards",
)
SLICES_FEWER = warning(
    "slices-fewer",
    "The PET states {stated} slices (Number of Slices), and {count} are here. It may end too "
    "early; ask for the complete series if the neck lies at an end.",
)
NOTHING_STORED = warning(
    "one-value-only",
    "Every voxel of this {volume} holds the same value ({value:g} {unit}): it shows no uptake, "
    "high or low. Nothing can be read from it; ask for the reconstruction again.",
    ours="volume unit",
)
PART_OF_CT = warning(
    "part-of-ct",
    "Only a part of this CT is used, chosen by number: {used} of {total} slices, z from "
    "{low_mm:.0f} to {high_mm:.0f} mm. Slices are missing beyond it: what lies there is not seen, "
    "and levels are counted within this part alone.",
    assumption=True,
)
STRAY_IMAGE = warning(
    "stray-image",
    "{labels} {differ} from the other images of the series in kind, size, spacing, orientation or "
    "coordinate system; left out.",
    ours="differ",
)
UNUSABLE_SLICE = warning(
    "unusable-slice",
    "{reasons} Left out: the other {left} images are evenly spaced, so that nothing is missing "
    "between them; an end of the volume may be.",
)
