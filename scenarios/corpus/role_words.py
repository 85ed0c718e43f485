"""What a speaker's label says on its own: a role word, a relation, a device, or only a name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from scenarios.corpus.transcript import Role

Kind = Literal["role", "name", "generic", "device"]


@dataclass(frozen=True, slots=True)
class LabelSense:
    """`role`: a word of it names a role. `name`: a person's name and no more, which police and
    civilians share. `generic`: "Speaker 2", "Unknown". `device`: a machine speaks."""

    kind: Kind
    role: Role | None = None


def _words(text: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(text.split())})\b".replace("_", r"[\s-]"))


_RELATIVE = (
    "mother father mom mum dad parents? stepmother stepfather stepdad stepmom wife husband spouse "
    "fianc(?:e|é|ee|ée) girlfriend boyfriend partner ex sister brother sibling son daughter kids? "
    "child(?:ren)? baby grandson granddaughter grandmother grandfather grandma grandpa aunt uncle "
    "cousin niece nephew family relative friends? roommate neighbou?rs? co-?worker colleague boss "
    "manager landlord landlady owner lawyer attorney caretaker companion"
)
#: "Aaron's Mother", "Mother of Jeffrey", "Suspect's family member": the relative, not the one
#: named.
_OF_SOMEBODY = re.compile(
    rf"(?:['’]s|s['’])\s+(?:\w+\s+){{0,2}}(?:{'|'.join(_RELATIVE.split())})\b"
    rf"|\b(?:{'|'.join(_RELATIVE.split())})\s+(?:of|to)\b"
)
_DEVICE = _words(
    "automated_voice automated recorded_message recording_device recording gps siri alexa aed "
    "voicemail k-?9s? dog music sirens? phone_voice navigation computer robot machine device taser"
)
_DISPATCHER = _words(
    "dispatch dispatcher dispatch_center operator 911 call_taker calltaker police_radio radio"
)
#: "Officer to dispatch", "Deputy (radio)": the officer speaks, dispatch hears.
_ON_RADIO = re.compile(
    r"\b(?:officer|deputy|trooper|sergeant|detective|sheriff)\b.*\b(?:to dispatch|radio)\b"
)
_NARRATOR = _words(
    "narrator narration host co-?host reporter anchor newscaster news commentator announcer "
    "voice-?over sponsor sponsored advertiser advertisement ad commercial presenter correspondent "
    "youtuber analyst spokesperson_for_sponsor editor intro outro podcaster content_creator "
    "legal_analyst journalist commentary criminologist expert profiler text-to-speech (?:ai|tiktok)_voice "
    "vo v\\.o"
)
#: People in uniform or with "officer" in their name who are not police.
_NOT_POLICE = _words(
    "security loss_prevention asset_protection security_(?:guard|officer) fire_(?:chief|captain) "
    "firefighters? fireman paramedics? medics? emts? ems nurses? doctors? physician lifeguard "
    "tow_truck truck_driver loan_officer guards?"
)
_OFFICER = _words(
    "officers? police policeman policewoman deputy deputies sergeants? sarge sgt\\.? lieutenant "
    "lt\\.? captain corporal cpl\\.? trooper troopers detectives? investigators? interrogators? "
    "interviewer sheriff law_enforcement cops? patrol patrolman marshal agents? swat constable "
    "ranger bailiff negotiator commander chief major polygrapher examiner warden "
    "(?:air|ground)_unit unit undercover first_responder correctional corrections probation "
    "det\\.? ofc\\.? dep\\.? tpr\\.? lawman pilot supervisor leo po p\\.o [a-z]{1,4}pd chp fto dea fbi atf "
    "body_?cam(?:era)? k-?9_handler back-?up customs"
)
_CIVILIAN = _words(
    "suspects? drivers? passengers? detainees? detained arrestees? arrested arrest subjects? "
    "defendants? accused inmates? prisoners? interviewees? interviewed offenders? trespassers? "
    "intruders? shoplifters? juveniles? motorists? perpetrators? robbers? shooters? gunm[ae]n "
    "assailants? attackers? civilian handcuffed cyclist rider biker motorcyclist speeder "
    "thief thieves burglars? protest[oe]rs? runaway student teen teenager squatters? fugitive "
    "drunk intoxicated homeless pedestrian aggressor auditor sovereign_citizen convicted perps? "
    "accomplices? being_(?:questioned|trespassed|confronted|rescued|searched|interrogated|shot_at) "
    "mentally_(?:unstable|ill) aggressive_(?:man|woman|individual|person) in_distress distressed "
    "receiving_welfare_check"
)
_OTHER = _words(
    f"{_RELATIVE} bystanders? witness(?:es)? victims? callers? complainants? complaintant residents? "
    "reporting_part(?:y|ies) employees? clerks? cashiers? tellers? workers? staff customers? guests? "
    "tenants? homeowners? storeowner renter bartender waitress waiter server bouncer "
    "teachers? principal counselou?r judge magistrate prosecutor crowd onlookers? public citizen "
    "passer-?by hotel motel store shop restaurant clerk receptionist maintenance janitor delivery "
    "mechanic social_worker chaplain pastor priest translator interpreter locals? vendor realtor "
    "background teacher coach salesman sales representative technician emergency nephew director "
    "mayor supporter locksmith good_samaritan toddler infant lady eyewitness(?:es)? observer visitor "
    "caregiver babysitter nanny housekeeper attendant stylist chef librarian contractor bookkeeper "
    "organi[sz]er volunteer bondsman medical_(?:personnel|professional) patient musician faculty "
    "community_member cameraman court_official injured"
)
_GENERIC = _words(
    "speakers? voices? unidentified unknown unnamed person individuals? people man woman male female "
    "men women guy boy girl adult other another someone multiple group all both everyone narr "
    "participant spk somebody others"
)
_NUMBERED = re.compile(r"^(?:speaker|spk|voice|person|s|unknown)[_ ]?\d+$")


def sense_of(label: str) -> LabelSense:
    """The sense of one label.

    >>> sense_of("[Police Dispatcher]").role, sense_of("Deputy Wills").role, sense_of("Drew").kind
    ('dispatcher', 'officer', 'name')
    """
    text = label.strip("[](){} ").lower().replace("_", " ")
    if _OF_SOMEBODY.search(text):
        return LabelSense("role", "other_civilian")
    if _NARRATOR.search(text):
        return LabelSense("role", "narrator")
    if re.search(r"\b(?:train|helicopter) operator|called 911|\bcaller\b", text):
        return LabelSense("role", "other_civilian")
    if _DISPATCHER.search(text) and not _ON_RADIO.search(text):
        return LabelSense("role", "dispatcher")
    if _DEVICE.search(text) and not _OFFICER.search(text):
        return LabelSense("device", "unknown")
    if _NOT_POLICE.search(text):
        return LabelSense("role", "other_civilian")
    if _OFFICER.search(text) and "reacting to police" not in text:
        return LabelSense("role", "officer")
    if re.search(r"\b(?:caller|victim|witness|bystander|employee|reporting)\b", text):
        return LabelSense("role", "other_civilian")
    if _CIVILIAN.search(text):
        return LabelSense("role", "civilian")
    if _OTHER.search(text):
        return LabelSense("role", "other_civilian")
    if _NUMBERED.match(text) or _GENERIC.search(text) or not any(c.isalpha() for c in text):
        return LabelSense("generic")
    if label.lstrip().startswith(("[", "(")):  # a description that we have no word for
        return LabelSense("generic")
    return LabelSense("name")
