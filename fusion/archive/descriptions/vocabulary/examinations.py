"""What was made: kinds of imaging, views and contrast."""

from __future__ import annotations

WORDS: dict[str, tuple[str, str, str, str]] = {
    "radiographs": (
        "x ray*, xray*, xr, radiograph*, plain film*, cr, dx, dr, rx",
        "rontgen*, roentgen*, rontg*, rtg, rx, ro, konventionell*",
        "radio, radiograph*, rx, cliche*, radios",
        "radiograf*, rx, placa, placas, rayos x",
    ),
    "mri": (
        "mri, mr, magnetic resonance*, nmr",
        "mrt, mr, kernspin*, magnetresonanz*, mr tomo*, kst",
        "irm, imagerie par resonance*, remnographie",
        "rm, rmn, resonancia*",
    ),
    "diagnostic_ct": (
        "ct, cat scan, computed tomograph*, mdct, cbct",
        "ct, computertomogra*, computertomo*, msct",
        "tdm, scanner*, tomodensitometr*",
        "tc, tac, tomografia comput*, tcmd, tomografia axial*",
    ),
    "nuclear": (
        "bone scan*, spect*, scintigra*, nuclear, nm, pet*, bone spect*, mdp, hdp, dpd, hybrid, "
        "fdg, naf, dotatate, psma",
        "szinti*, skelettszinti*, knochenszinti*, spect*, dreiphasen*, 3 phasen*, 3phasen*, "
        "pet*, nuk*, skelettszint*, knochenszint*",
        "scintigra*, scinti*, temp, tomoscinti*, tep*, spect*, fluorure",
        "gammagraf*, spect*, escintigra*, pet*, centellogra*, rastreo oseo, ggo, rastreo*",
    ),
    # Next to "fusion": images are laid over each other.
    "images": (
        "image*, ct, mri, mr, spect, pet, software",
        "bild*, mrt",
        "image*, imagerie, irm, tdm, tep, temp",
        "imagen*, tc, tac, rm",
    ),
    # What is scanned in beside examinations, under a modality that is none.
    "paper": (
        "consent*, request*, requisition*, order form, referral*, questionnaire*, appointment*",
        "einverstandnis*, einwilligung*, aufklarung*, anforderung*, uberweisung*, fragebogen, "
        "termin*",
        "consentement*, demande*, ordonnance*, questionnaire*, rendez vous",
        "consentimiento*, solicitud*, orden*, cuestionario*, cita",
    ),
    # A series by which the others were placed shows more than was examined.
    "localizer": (
        "localizer*, localiser*, loc, scout*, topogram*",
        "lokalizer*, lokalisator*, topogramm*",
        "reperage*, localisateur*",
        "localizador*, topograma*",
    ),
    "ap": (
        "ap, pa, a p, p a, anteroposterior, antero posterior, frontal, apl, aplat, anterior "
        "posterior",
        "ap, pa, a p, sagittal ap",
        "face, f p, fp, de face, face profil, f et p, fpf, f p bo",
        "ap, pa, frontal, anteroposterior, antero posterior, ap l, f y p, f y l, frente, f p, "
        "fyp, ap y l",
    ),
    "lateral": (
        "lat, ll, l l, ap y l, cross table, crosstable, xtable, x table, apl, aplat, lats, "
        "lateral, laterals, laterally",
        "seitlich*, seitl, lat, seitbild, seit, latero lateral*, laterale, lateralaufn*",
        "profil*, f p, fp, de profil, f et p, laterale, laterales, lateraux",
        "lat, perfil, f y p, f y l, ap l, f p, fyp, laterales",
    ),
    "oblique": (
        "oblique*, obl",
        "schrag*, foramina*, halbschrag*",
        "oblique*, trois quarts, 3 4, de 3 4",
        "oblicua*, oblicuo*, obl",
    ),
    "flexion": (
        "flexion, anteflexion, f e, functional views, bending, flex, flexed, flexions, "
        "hyperflexion, dynamic, dynamics, dynamically, flexionext*",
        "funktionsaufn*, funktion, inkl rekl, inkl u rekl, inkl und rekl, in inkl, inklin*, "
        "vorneig*, fkt*, vorbeug*, re inklination*, vor ruck*, vor und ruck*, vor u ruck*, ante, "
        "in und rekl*, in u rekl*, in und retro*, inklination, inklinationen, inklinationsaufn*, "
        "flexionsaufn*, flexionsstell*, flexionsbild*, funktionsstud*, funktionsbild*, "
        "funktionsrontg*, funktionsrtg, funktionsserie*, funktionsdiagn*, funktionspruf*, "
        "funktionsunters*, funktionsstell*, funktions, funktionell*, dynamisch*, anteflex, "
        "anteflexion, anteflexionsaufn*",
        "dynamique*, dyn, anteflexion, flexions, dynamiques",
        "dinamic*, funcional*, hiperflexion, anteflexion, flexoext*, flexo",
    ),
    "extension": (
        "ext, flex ext, f e, functional views, retroflexion, bending, extension, extensions, "
        "hyperextension, dynamic, dynamics, extended, flexoext*, flexionext*, extend",
        "funktionsaufn*, funktion, rekl, dynamisch*, reklin*, ruckneig*, fkt*, ruckbeug*, vor "
        "ruck*, vor und ruck*, vor u ruck*, retrofl*, reklination, reklinationen, "
        "reklinationsaufn*, extensionsaufn*, extensionsstell*, extensionsbild*, funktionsstud*, "
        "funktionsbild*, funktionsrontg*, funktionsrtg, funktionsserie*, funktionsdiagn*, "
        "funktionspruf*, funktionsunters*, funktionsstell*, funktions, funktionell*, retroflex, "
        "retroflexion, retroflexionsaufn*",
        "dynamique*, dyn, retroflexion, hyperextension, hiperextension",
        "flexoext*, dinamic*, funcional*, hiperextension*, retroflexion, extensiones",
    ),
    "contrast": (
        "contrast*, gad*, enhanced, post gad, w contrast, iv contrast, dye, w cm, iv cont, w "
        "con, w cont, gd",
        "km, kontrast*, gad*",
        "injecte*, gado*, produit de contraste, pdc",
        "contraste*, gado*, civ, c c, cte",
    ),
    # The last word of a clause.
    "with at the end": (
        "w, with",
        "",
        "avec",
        "",
    ),
    "without at the end": (
        "without",
        "ohne",
        "sans",
        "sin",
    ),
    "both contrasts": (
        "with and without, w wo, w and wo, w and w o, w w o, without and with, wo w, pre and "
        "post, pre post, wwo, w o and w, w o w, w o then w, with without, without with, wo and "
        "w, before and after, followed by w, followed by with",
        "mit und ohne, ohne und mit, ohne mit, mit ohne, vor und nach km, vor und nach "
        "kontrast*, vor nach km, mit u ohne, ohne u mit",
        "avec et sans, sans et avec, sans puis avec, avant et apres, sans avec, avec sans",
        "con y sin, sin y con, antes y despues, c s, s y c, c y s, sin con, con sin",
    ),
    # Which of the two is open.
    "with or without": (
        "with or without, w or w o, w or wo, w or without",
        "mit oder ohne, ohne oder mit",
        "avec ou sans, sans ou avec",
        "con o sin, sin o con",
    ),
    "no contrast": (
        "wo, w o, non contrast, noncontrast, noncon, non con, unenhanced, plain, wo c, no con, "
        "no cont",
        "nativ*, nat",
        "non injecte*, s injection, s inj",
        "simple, s c, s civ, sciv, sin contr, sin cont, s contr, s cont",
    ),
    # Beside words for contrast: it is not borne, or something else was injected.
    "not of contrast": (
        "allerg*, epidural*, facet*, steroid*, joint*, nerve*, reaction*, phase, agent, "
        "intoleran*, extravas*",
        "allerg*, unvertrag*, facett*, reaktion*, phase, phasen*, intoleranz*, unvertr*",
        "allerg*, epidural*, facett*, articul*, foramin*, reaction*, phase, intoleran*",
        "alerg*, epidural*, facet*, articul*, reaccion*, fase, intoleran*",
    ),
    # After a movement: it is the reason, not a view.
    "complaint": (
        "injur*, deformit*, deficit*, contracture*, type, mechanism, weakness, compression, "
        "distraction, force, teardrop, limit*, malalignment, subluxation",
        "verletz*, defizit*, einschrank*, eingeschrankt*, gestort*, blockier*, storung*",
        "raideur, limit*, blocage",
        "lesion*, limitad*, limitacion*",
    ),
    # After one movement; after two ("flex/ext trauma") it may be why they were taken.
    "complaint of one": (
        "trauma*, fracture*, fx, pain*, instability",
        "trauma*, fraktur*, schmerz*, instabil*",
        "trauma*, douleur*, douloureu*, instabil*",
        "traumat*, fractura*, dolor*, inestab*",
    ),
    # After "lateral": it is no view.
    "part at the side": (
        "mass, masses, recess*, disc, disk, curvature, deviation, bending, tilt, stenosis, "
        "hernia*, protrus*, subluxation",
        "recessus, bandscheib*, massa*, hernie*, stenose*",
        "hernie*, stenose*, masse, recessus",
        "hernia*, masa, masas, receso, estenosis",
    ),
    # Before a movement: it is the reason, not a view.
    "complaint of": (
        "limited, limitation of, loss of, decreased, reduced, restricted, stiffness",
        "eingeschrankt*, verminderte*, einschrankung*, blockierte*",
        "limitation*, raideur, bilan d",
        "limitacion*, rigidez",
    ),
    # Between the two.
    "in which": (
        "with, during, when, under, in, on",
        "bei, unter, wahrend, in, mit",
        "lors de, lors d, en, a l, avec",
        "con, durante, a, en",
    ),
    # After a movement: it is a view.
    "pictures": (
        "view*, film*, image*, radiograph*, xray*, x ray*",
        "aufnahme*, bild*",
        "cliche*, incidence*",
        "proyeccion*, placa*",
    ),
    # And these, where "in", "on" or "with" stands between.
    "complaint in": (
        "pain, pains, painful, painfully, worse, symptoms, paresthes*, numbness, dizz*, vertigo, "
        "lhermitte",
        "schmerz*, schwindel, beschwerden",
        "douleur*, vertige*, gene",
        "dolor*, mareo*",
    ),
}
