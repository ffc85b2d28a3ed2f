"""What --help says of register, explain and status: each paragraph, each line of a list, each option, and its Dutch."""

from __future__ import annotations

HELP: dict[str, str] = {
    "Usage": "Gebruik",
    "Options": "Opties",
    "Example:": "Voorbeeld:",
    "Examples:": "Voorbeelden:",
    "Show this message and exit.": "Toon dit, en doe verder niets.",
    "English or Dutch; else as the locale says.": "Engels of Nederlands; anders zoals de locale zegt.",
    "All of it, for a program.": "Alles, voor een programma.",
    # -- register
    "Recheck all, some resources or one key; tell what became of it.": (
        "Bekijk alles, enkele soorten of één sleutel opnieuw, en meld wat ervan werd."
    ),
    "RESOURCE is one of users, companies, company_access, app_access, projects, cost_types, cost_centres. The first"
    " register of a target is what makes it active; that one asks, and so does one with many removals, invitations or"
    " grants. Where no relay is at work, this command is one for the time. It may be interrupted and run again.": (
        "RESOURCE is users (gebruikers), companies (ondernemingen), company_access (toegang tot ondernemingen),"
        " app_access (toegang tot apps), projects (projecten), cost_types (kostensoorten) of cost_centres"
        " (kostenplaatsen). Bij de eerste keer wordt een cloud actief; dan wordt eerst gevraagd of het mag, en ook bij"
        " veel verwijderingen, uitnodigingen of nieuwe toegangen. Draait er geen relay, dan doet deze opdracht zelf het"
        " werk. U kunt hem onderbreken en opnieuw starten."
    ),
    "Ends with 0 when every row was looked at: what each became is in the report; also with": (
        "Eindigt met 0 als elke regel is bekeken: wat ervan werd staat in het verslag; ook met"
    ),
    "wrong arguments, or there is nobody to ask and no --yes": (
        "verkeerde argumenten, of er is niemand om het te vragen en geen --yes"
    ),
    "the number of removals is not the one that was agreed to: nothing was done": (
        "het aantal verwijderingen is niet dat waarvoor akkoord was: er is niets gedaan"
    ),
    "rows are still pending, and nothing moves": "er is nog werk te doen, en het gaat niet verder",
    "a target, or a part of it, is paused": "een cloud, of een deel ervan, is gepauzeerd",
    "interrupted; run it again, or leave the rest to a relay": (
        "onderbroken; start het opnieuw, of laat de rest aan een relay over"
    ),
    "One of the clouds; else all that have desired views.": "Een van de clouds; anders alle waarvoor er views zijn.",
    "One key of one RESOURCE; several make a composite key.": (
        "Eén sleutel van één RESOURCE; meer keer voor een samengestelde sleutel."
    ),
    "Say what would happen, write nothing, call nothing.": "Zeg wat er zou gebeuren; schrijf niets, roep niets aan.",
    "Do not ask.": "Vraag niets.",
    "With --yes: so many removals are agreed to, and no other.": (
        "Bij --yes: akkoord voor zo veel verwijderingen, en geen ander aantal."
    ),
    "Keep all rows in a .csv or .txt file.": "Bewaar alle regels in een bestand, .csv of .txt.",
    "Send everything again; nobody is invited twice.": ("Verzend alles opnieuw; niemand wordt twee keer uitgenodigd."),
    "Read the clouds, show what in them may be ours.": "Lees de clouds, en toon wat daarin van ons kan zijn.",
    "What a cloud holds under the same name or number: link it, or make new ones beside it. Else asked.": (
        "Wat een cloud al heeft onder dezelfde naam of hetzelfde nummer: koppelen (link), of er nieuwe naast maken"
        " (beside). Anders wordt het gevraagd."
    ),
    # -- explain
    "Why is a row in a cloud, or why not?": "Waarom staat iets in een cloud, of waarom niet?",
    "The first line is the answer; below it stands what it rests on: the row of the view (or which of the view's"
    " conditions fail), what the cloud holds, what waits, the last calls. Reads only, and needs no relay.": (
        "De eerste regel is het antwoord; daaronder staat waarop het berust: de regel van de view (of aan welke"
        " voorwaarden van de view niet is voldaan), wat de cloud heeft, wat er wacht, de laatste aanroepen. Leest"
        " alleen, en heeft geen relay nodig."
    ),
    "Ends with 0 when there is an answer, whatever it is; with 2 for a key that cannot be one.": (
        "Eindigt met 0 als er een antwoord is, welk ook; met 2 bij een sleutel die er geen kan zijn."
    ),
    # -- status
    "Who relays, how far behind, what is stuck, what to do?": (
        "Wie verzendt, hoeveel staat er open, wat zit vast, wat is er te doen?"
    ),
    "Ends with 0 whatever it shows.": "Eindigt met 0, wat er ook te zien is.",
}
