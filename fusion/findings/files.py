"""What was found where a study was opened: archives, files, series, patients."""

from fusion.findings.finding import error, info, warning

UNREADABLE = error("unreadable", "{reason}")
MORE_UNREADABLE = error("unreadable", "{count} more file(s) cannot be read either.")
WITHOUT_FILE_HEADER = info(
    "without-file-header",
    "{count} file(s) are DICOM without the header of a file (preamble and file meta group), as "
    "older systems write them; they were read.",
)
UIDS_REPLACED = warning(
    "uids-replaced",
    "Identifiers of these images are not valid in DICOM ({names}: too long, or of other signs than "
    "digits and dots). Others stand for them, here and in everything that is exported; an archive "
    "will not join exports to the original images.",
    ours="names",
)
VALUES_LEFT_OUT = warning(
    "values-left-out",
    "{names}: what the files hold there is no date, or no code for a sex. It is left out.",
    ours="names",
)
PIXEL_DATA_LONGER = info(
    "pixel-data-longer",
    "{files} file(s) hold more than their pixels; what follows the last pixel was not read.",
)
NOT_DICOM = info("not-dicom", "{count} file(s) are not DICOM and were skipped.")
ARCHIVE_NOT_OPENED = warning(
    "archive-not-opened", "{label} is a zip and was not opened; open it by itself."
)
ARCHIVE_OF_OTHERS = warning(
    "archive-of-others",
    "{label} is packed ({kind}), which is not read; unpack it, and open the folder.",
    ours="kind",
)
IMAGES_OF_OTHERS = warning(
    "images-of-others",
    "{files} file(s) hold images of another format than DICOM ({names}), which states neither "
    "patient nor coordinate system and is not opened as a study. Open the DICOM study; a label map "
    "of its vertebrae is given to it with --labels, or Label map… in the window.",
)
FETCHED_WITH_REMARK = warning("fetched-with-remark", "About the fetching of this study: {remark}")
OPENED_WITHOUT_ARCHIVE = warning(
    "opened-without-archive",
    "The archive cannot be reached. This is the study as it was fetched whole on {day}; what was "
    "added, corrected or removed there since is not known.",
    ours="day",
)
NOT_NEEDED = info("not-needed", "{what} was given and changed nothing: {why}.", ours="what why")
PLANAR_IMAGES = info(
    "no-volume", "Planar (flat) images: no slices through the body, so nothing to fuse."
)
PROJECTIONS = info("no-volume", "Projections, not yet reconstructed: open the reconstructed SPECT.")
SCOUT_VIEW = info("no-volume", "A localizer (scout view): no slices through the body.")
MODALITY_CONTRADICTS = warning(
    "modality-contradicts",
    "Stored as CT images that say of themselves that they are of another modality (NM or PET): "
    "whether they show density or uptake is not known. Export them as what they are.",
)
SERIES_SPLIT = info(
    "series-split", "This series mixes {kinds}; each is listed by itself.", ours="kinds"
)
SERIES_REFUSED = error("series-refused", "{reason}")
HEADERS_NOT_UNDERSTOOD = error(
    "series-refused",
    "The headers of this series cannot be understood; the files are damaged or not standard.",
)
STUDY_UID_MISSING = warning(
    "study-uid-missing", "{count} image(s) state no study and were put into one."
)
LOSSY_COMPRESSION = warning(
    "lossy-compression",
    "{lossy} of {files} file(s) were compressed with loss: values, edges and small foci may have "
    "changed. Ask for the original.",
)
PATIENT_MISMATCH = error(
    "patient-mismatch",
    "The images of this study state different patients ({differing}). They may be mixed up: check "
    "every series before trusting any of it.",
    ours="differing",
)
CHARACTER_SET = info(
    "character-set",
    "Names and descriptions use a character set that is not known ({character_sets}) and may be "
    "shown wrongly. Go by the patient ID.",
)
CHARACTERS_OUTSIDE_SET = info(
    "character-set",
    "Names and descriptions hold characters that the character set of the file does not have; "
    "they were read as well as can be and may be shown wrongly. Go by the patient ID.",
)
SEVERAL_STUDIES = info("several-studies", "{studies} studies were found.")
SEVERAL_PATIENTS = warning(
    "several-patients",
    "The studies state different patients. Choose with care.",
)
DICOMDIR_UNREADABLE = error("dicomdir-unreadable", "{index}: the index cannot be read.")
DICOMDIR_ESCAPE = error(
    "dicomdir-escape",
    "{index} names {escaping} file(s) outside its own folder; these were refused.",
)
DICOMDIR_MISSING = warning(
    "dicomdir-missing",
    "{index} names {missing} file(s) that are not there ({names}): the copy may be incomplete.",
)
LINKS_NOT_FOLLOWED = warning(
    "links-not-followed",
    "{links} link(s) lead out of the folder and were not followed ({names}). Open the place they "
    "point at instead.",
)
FOLDER_UNREADABLE = warning(
    "folder-unreadable",
    "{places} place(s) cannot be read ({names}).",
)
ARCHIVE_MEMBER_REFUSED = error(
    "archive-member-refused",
    "{files} file(s) in {archive} {reason}: {names}.",
    ours="reason",
)
ARCHIVE_MEMBER_UNREADABLE = error(
    "archive-member-unreadable",
    "{files} file(s) in the zip are damaged or packed in a way that is not supported ({names}). "
    "Unpack it yourself and open the folder.",
)
INNER_ARCHIVES_NOT_OPENED = warning(
    "archive-not-opened",
    "{zips} zip(s) inside the zip were not opened ({names}).",
)
