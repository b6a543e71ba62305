"""Regions of the body, most of all the neck."""

from __future__ import annotations

WORDS: dict[str, tuple[str, str, str, str]] = {
    # The spine of the neck by its words, whatever else is named.
    "spine of the neck": (
        "c spine, cspine, c sp, csp, c spn, c t l spine, c t spine, ctl spine, mr ct l spine, "
        "mri ct l spine, c spines, odontoid, dens, cvj, ccj, craniovertebral*, atlanto*, "
        "occipitocervical*, occipito cervical*, open mouth, atlas, c and t spine, c and l spine, "
        "c t and l spine, c l spine",
        "hws*, hwk*, halswirbel*, halsws, hals ws, kopfgelenk*, transoral*, okzipitozervikal*, "
        "transbuk*, transbuc*, halsmark*, hals brustwirbel*, hals und brustwirbel*, hals u "
        "brustwirbel*, hals brust und lendenwirbel*, hals bws",
        "charniere cervico*, charniere occipito*, odontoide, bouche ouverte, rachis c, colonne "
        "c, col c",
        "odontoides, boca abierta, transoral*, columna c, raquis c",
    ),
    # Of the neck; of its spine where nothing speaks against it.
    "neck": (
        "cerv, cervical*, cervico*, craniocervical*",
        "zervikal*, cervikal*, zerviko*, kraniozervikal*",
        "cervical*, cervico*",
        "c cervical, craneocervical*",
    ),
    # The neck, which is mostly examined for what lies before its spine.
    "neck in general": (
        "neck",
        "hals, nacken",
        "cou, nuque",
        "cuello, nuca",
    ),
    "whole spine": (
        "whole spine, total spine, entire spine, full spine, complete spine, scoliosis series, "
        "scoliosis survey, neuraxis, spine whole, spine total, spine entire, spine full, all "
        "spine, entire spinal, spine survey, whole neuraxis, spinal survey",
        "ganze ws, gesamte ws, ganze wirbelsaule, gesamte wirbelsaule, ganzwirbelsaul*, "
        "wirbelsaulenganz*, ws ganz*, gesamtwirbelsaul*, wirbelsaule gesamt, wirbelsaule "
        "komplett, wirbelsaule ganz, ws gesamt, ws komplett, komplette ws, komplette "
        "wirbelsaule, neuroachse, spinalkanal gesamt, gesamter spinalkanal",
        "rachis entier, rachis complet, rachis total, rachis en entier, grand axe, medullaire "
        "tot*, medullaire compl*, medullaire entiere, moelle entiere, moelle totale, moelle "
        "complete, axe spinal, axe rachidien, teleradio* rachis, teleradio* du rachis",
        "columna total, columna completa, columna entera, raquis completo, telerradiografia*, "
        "columna vertebral completa, columna vertebral total, neuroeje, raquis total",
    ),
    # Of the neck by its words, but not of its spine.
    "not the spine": (
        "soft tissue*, soft tissues, angio*, cta, mra, carotid*, thyroid*, larynx*, pharynx*, "
        "parotid*, lymph node*, uterine, uterus, cervix, femoral neck, neck of femur, sinus*, "
        "swallow*, esophag*, oesophag*, cervical cancer, airway, salivary, dental, vessels, "
        "brachial plexus, femur neck, femoral necks, ent neck, neck ent, contrast ent, ent "
        "protocol, sialo*, cervico facial*, cervicofacial*, headneck, parathyr*, trache*, neck "
        "mass, adenopath*, tonsil*, tongue, vocal, brachial plex*, thymus, goit*",
        "weichteil*, halsweichteil*, angio*, karotis*, carotis*, halsgefasse*, plexus, "
        "schilddruse*, kehlkopf*, rachen*, schluck*, speichel*, oesophagus, schenkelhals*, "
        "lymphknoten*, nebenschild*, breischluck*, zahn*, hno, oberschenkelhals*, femurhals*, "
        "strum*, trachea*, gefass*, armplexus",
        "parties molles, orl, cervico facial*, cervicofacial*, col du femur, du sein, des seins, "
        "irm sein, irm seins, mammaire*, angio*, carotide*, thyroide*, larynx, pharynx, tsa, "
        "troncs supra*, uterin*, col uterin, col de l uterus, col femoral, ganglion*, oesophag*, "
        "deglutition, parotide*, parathyr*, plexus, trache*, adenopath*, vaisseaux",
        "partes blandas, angio*, carotid*, tiroid*, laringe, faringe, uterino, utero, cervix, "
        "cuello de femur, cuello femoral, esofag*, deglucion, ganglio*, parotida*, tsa, orl, "
        "cervicofacial*, cervico facial*, cuello del femur, faringo*, vasos, plexo*, paratiro*, "
        "traque*, adenopat*, troncos supra*, salival*",
    ),
    # Examined together with the neck it is for staging, unless the spine is named.
    "trunk": (
        "abdom*, pelvi*, chest",
        "becken*, oberbauch*, bauch*",
        "abdom*, pelv*, bassin*, thorax",
        "abdom*, pelv*, torax, toraco*",
    ),
    "spine": (
        "spine*, c spine, cspine, csp, spn, vertebra*",
        "hws*, hwk*, ws, wirbel*, halswirbel*, halsws",
        "rachis*, colonne*, vertebr*",
        "columna*, col, raquis*, vertebr*, c cervical",
    ),
    # Where other operations are done than those of a spine.
    "organ": (
        "cochlear, hip, knee, breast, pacemaker, stent, port, stimulator*, valve",
        "lwk*, bwk*, huft*, tep, schrittmacher*, stimulator*, klappe*",
        "cochleaire*, stimulat*, pacemaker, valve*",
        "coclear*, marcapasos, estimulador*, valvula*",
    ),
}
