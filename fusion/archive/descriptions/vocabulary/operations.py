"""Operations, interventions and what looks like them."""

from __future__ import annotations

WORDS: dict[str, tuple[str, str, str, str]] = {
    "surgery": (
        "acdf, pcdf, fusion, fused, postop*, post op*, s p op, status post surgery, laminectom*, "
        "laminoplast*, corpectom*, discectom*, arthroplast*, disc replacement*, adr, tdr, "
        "fixation, hardware, screw*, cage*, instrument*, intraop*, arthrodes*, after surgery, "
        "foraminotom*, plate fixation, hx surgery, laminotom*, pedicle screw*, during surgery, "
        "in theatre, lateral mass screw*, decompression, prosthe*, implant*, orif, disc repl*, "
        "nucleotom*, microdiscectom*, plating, post surg*, postsurg*, s p surg*, status post "
        "surg*, h o surg*, hx of surg*, history of surg*, prev surg*, prior surg*, previous "
        "surg*",
        "spondylodese*, fusion, postop*, post op*, z n op*, n op, nach op*, op kontrolle, "
        "laminektom*, korporektom*, diskektom*, bandscheibenprothes*, bsp, cage*, implantat*, "
        "schraube*, verplattung, plattenosteo*, osteosynthes*, dekompression*, intraop*, acdf, "
        "versteif*, fixateur*, korpektom*, wirbelkorperersatz, op verlaufskontrolle, "
        "metallentfern*, z n hws op, zustand nach op, foraminotom*, prothese*, stabilisierung*, "
        "verschraubung*, dorsaler versorgung, ventraler versorgung, st n op, status nach op, "
        "material*, fusionsop*, platte, platten, nukleotom*, nucleotom*",
        "arthrodes*, postop*, post op*, osteosynthes*, laminectom*, corpectom*, discectom*, "
        "prothese*, cage*, materiel*, perop*, per op, per operatoire*, plaque vissee, post "
        "chir*, apres chir*, laminoplast*, foraminotom*, decompression, vis pedic*, vissage*, "
        "cervicotomie, arthroplast*, recalibrage, post operatoire*, postchir*, atcd chir*, atcd "
        "de chir*",
        "artrodesis, postop*, post op*, osteosintesis, laminectom*, corpectom*, discectom*, "
        "protesis, tornillo*, fijacion*, instrument*, intraop*, caja intersomatica, "
        "laminoplast*, foraminotom*, descompresion, placa y tornillos, post cirugia, "
        "artroplast*, placa cervical, postqx, post qx, pop, osteosint*, material de*, postquir*, "
        "post quir*, post iq, postiq",
    ),
    "operation of the neck": (
        "acdf, post acdf, pcdf, laminoplast*",
        "acdf, z n hws op",
        "cervicotomie, laminoplast*",
        "laminoplast*, placa cervical",
    ),
    # Said of whatever was examined.
    "some operation": (
        "postop*, post op*, after surgery, hx surgery, post surg*, postsurg*, s p surg*, status "
        "post surg*, h o surg*, hx of surg*, history of surg*, prev surg*, prior surg*, previous "
        "surg*",
        "postop*, post op*, nach op*, op kontrolle, z n op*, op verlaufskontrolle",
        "postop*, post op*, post chir*, apres chir*, postchir*, atcd chir*, atcd de chir*",
        "postop*, postquirurgic*, post quirurgic*, post cirugia, postqx, post qx, postquir*, "
        "post quir*, post iq, postiq",
    ),
    # Of the spine only where its place is named with them.
    "implant": (
        "implant*, prosthe*, instrument*",
        "implantat*, prothese*, material*",
        "prothese*, materiel*, implant*",
        "protesis, material de*, instrument*",
    ),
    "fusion": (
        "fusion, fused",
        "fusion",
        "fusion",
        "fusion",
    ),
    # Next to "fusion": bones that nobody joined.
    "grown together": (
        "congenit*, klippel, spontaneous*, autofusion, ankylos*",
        "angebor*, angeb, kongenit*, spontan*, ankylos*",
        "congenit*, spontan*, ankylos*",
        "congenit*, espontan*, anquilos*",
    ),
    # Done by pictures, not an examination.
    "intervention": (
        "block, blocks, injection under*, infiltration*, biops*, puncture*, nerve root*, "
        "ablation*, medial branch*, radiofrequency*, vertebroplast*, guided, facet inj*, "
        "epidural*, esi, rfa, rhizotom*, denervation*, kyphoplast*",
        "infiltration*, facetteninf*, facettengelenksinf*, punktion*, biops*, prt, blockade*, "
        "denervierung*, facettengelenksinfiltration*, gesteuert*, ct gest, gezielte ct, "
        "facettenblock*, thermokoag*",
        "infiltration*, bloc, ponction*, biops*, radiofrequence*, sous scanner, sous tdm, guide, "
        "guidee, guides, guidees, echoguid*, scannoguid*, radioguid*, thermocoag*, rhizolyse*",
        "infiltracion*, bloqueo*, puncion*, biops*, radiofrecuencia*, guiad*, rizolisis, rizotomia",
    ),
    # What is taken while someone is operated on is no examination.
    "in theatre": (
        "intraop*, perop*, carm, in theatre, theatre, operating room, operating theatre",
        "intraop*, op saal, bildwandler*, c bogen",
        "perop*, per op, per operatoire*, bloc op*, ampli de brillance, amplificateur*",
        "intraop*, quirofano*, arco en c",
    ),
    # Nothing was operated on yet, or what follows is denied.
    "before surgery": (
        "preop*, pre op*, before surgery, planning, presurg*, pre surg*, for surgery, operating "
        "plan*",
        "praop*, praeop*, pra op*, prae op*, vor op*, op planung, planungs*, praoperativ*, op "
        "vorb*, op ind*, operationsplan*, operationsvor*, operationsind*, operationsbed*, "
        "operationstermin*",
        "preop*, pre op*, avant chirurgie, bilan preop*, prechir*, pre chir*, avant chir*",
        "preop*, pre op*, prequir*, pre quir*, preqx, pre qx, preiq, pre iq, planificacion",
    ),
    # That was done, and where, must be said with it.
    "bare operation": (
        "operation, operations",
        "operation, operationen",
        "chirurgie, chirurgies, operation",
        "cirugia, cirugias, operacion",
    ),
    # That was done must be said with it.
    "operation of a spine": (
        "",
        "hws op, hwk op, ws op, bs op, bandscheibenop*, bandscheiben op, wirbelsaulen op, hws "
        "operation, halswirbelsaulenop*",
        "",
        "",
    ),
    # Where must be said with it.
    "operated": (
        "operated",
        "operiert, operierte*",
        "opere, operee, operes, operees",
        "operad*, intervenid*",
    ),
    # Asked about after an operation that was done.
    "state of an operation": (
        "consolidat*, consolid*, union, nonunion, pseudarthr*, pseudoarthr*, loosen*, failure, "
        "failed, intact, solid, position, healed, healing, bridging, broken, migrat*, subsid*, "
        "result",
        "durchbau*, durchgebaut*, locker*, lage*, materiallage*, schraubenlage*, pseudarthr*, "
        "konsolid*, bruch, gelockert*, sitz",
        "consolid*, pseudarthr*, position, descelle*, demontage, rupture",
        "consolid*, pseudoartr*, pseudartr*, aflojam*, posicion, rotura, migrac*",
    ),
    # In the whole of a description with "fusion": so are bones that nobody joined.
    "grown by disease": (
        "degenerat*, spondylit*, spondyloarthr*, facet*, dish, inflammat*, juvenile arthritis, "
        "spondylarthr*",
        "degenerat*, spondylit*, spondylarthr*, spondyloarthr*, facett*, bechterew*, forestier, "
        "verknocher*",
        "degenerat*, spondylit*, spondylarthr*, facett*, pelvispondylit*",
        "degenerat*, espondilit*, espondiloart*, facet*",
    ),
    # Between "for" and an operation that was done.
    "looked at": (
        "evaluat*, assess*, check*, status, integrity, position",
        "beurteil*, kontroll*, lage*, verlauf*",
        "bilan, controle, evaluation, surveillance",
        "control, evaluacion, seguimiento",
    ),
    # After what refuses or delays: it is the operation that is refused.
    "any operation": (
        "surger*, surgic*, procedure*, intervention*",
        "op, ops, eingriff*",
        "intervention*, geste",
        "intervencion*, iq, qx",
    ),
}
