"""Every text of register, explain and status, English and Dutch side by side. Placeholders are equal in both."""

from __future__ import annotations

TEXTS: dict[str, str] = {
    # -- small parts
    "{first} and {last}": "{first} en {last}",
    "try": "probeer",
    "{n} d": "{n} d",
    "{n} h": "{n} uur",
    "{n} min": "{n} min",
    "{n} s": "{n} s",
    # -- register
    "{users} will get an invitation mail": "er gaat een uitnodiging per e-mail naar {users}",
    "{thing} is in no view and in no cloud; is the key right?": (
        "{thing} staat in geen view en in geen cloud; klopt de sleutel?"
    ),
    "what hangs below new ones follows by itself, and is not counted here": (
        "wat onder nieuwe hangt volgt vanzelf, en is hier niet meegeteld"
    ),
    "nobody gets a mail": "niemand krijgt een e-mail",
    "registering": "bezig met registreren",
    "and {rows} more; --report FILE keeps them all": "en nog {rows}; --report BESTAND bewaart ze allemaal",
    "there is nothing to do": "er is niets te doen",
    "about {calls}, taking about {duration}": "ongeveer {calls}, dat duurt ongeveer {duration}",
    "{cloud} becomes active: from now on every change goes out by itself": (
        "{cloud} wordt actief: vanaf nu gaat elke wijziging vanzelf mee"
    ),
    ", {waiting} at once": ", {waiting} meteen",
    "{agreed} agreed to, and the preview shows {shown}: nothing was done": (
        "er was akkoord voor {agreed}, en het overzicht toont er {shown}: er is niets gedaan"
    ),
    "so many removals need their number: nothing was done": (
        "zo veel verwijderingen vragen om hun aantal: er is niets gedaan"
    ),
    "Register?": "Registreren?",
    "[y/N]": "[j/N]",
    "yes or no?": "ja of nee?",
    "stopped": "gestopt",
    "register asks before it writes, and there is nobody to ask: say --yes": (
        "register vraagt eerst of het mag, en er is niemand om het te vragen: geef --yes"
    ),
    "--key needs exactly one RESOURCE": "--key vraagt om precies één RESOURCE",
    "a value of the key is empty": "een waarde van de sleutel is leeg",
    "--report {file} must end in .csv or .txt": "--report {file} moet eindigen op .csv of .txt",
    "--report {file} cannot be written: {words}": "--report {file} kan niet worden geschreven: {words}",
    # -- register: what a cloud holds already
    "{cloud}: {rows} will be linked to what is there already": "{cloud}: {rows} te koppelen aan wat er al is",
    "{cloud} holds {things} that may be ours:": "{cloud} heeft {things}, misschien van ons:",
    "{cloud} holds {things} that nobody here made, left as before:": (
        "{cloud} heeft {things} door niemand hier gemaakt, en dat blijft zo:"
    ),
    "and {number} more": "en nog {number}",
    "(no name)": "(geen naam)",
    "{there} with an external id of something else": "{there} met een extern id van iets anders",
    "{there} has the {by} of {ours}": "{there} heeft hetzelfde als {ours}: {by}",
    "{line}; that cannot be linked without a person": "{line}; dat kan niet zonder meer worden gekoppeld",
    "outbox link for the right one, or --matches beside to make new ones beside them": (
        "outbox link voor de juiste, of --matches beside om nieuwe te maken"
    ),
    "{cloud} holds things that may be ours, and there is nobody to ask: say --matches link, or --matches beside": (
        "{cloud} heeft dingen die van ons kunnen zijn, en er is niemand om het te vragen: geef --matches link, of"
        " --matches beside"
    ),
    "Link them, ask about each, or make new ones beside them?": "Koppelen, elk apart vragen, of nieuwe ernaast maken?",
    "{line}: link?": "{line}: koppelen?",
    "--force: what is linked is sent again, also where nothing changed": (
        "--force: wat gekoppeld is wordt opnieuw verzonden, ook waar niets is gewijzigd"
    ),
    "Type the number of removals to go on": "Typ het aantal verwijderingen om door te gaan",
    "that is not the number of removals: nothing was done": (
        "dat is niet het aantal verwijderingen: er is niets gedaan"
    ),
    "{cloud}: all {resource} would be removed": "{cloud}: alle {resource} worden verwijderd",
    "{cloud}: {removals} of {resource}, more than {limit}": "{cloud}: {removals} van {resource}, meer dan {limit}",
    "{cloud}: {users} would get a mail, more than {limit}": "{cloud}: een e-mail naar {users}, meer dan {limit}",
    "{cloud}: {grants} ({resource}), more than {limit}": "{cloud}: {grants} ({resource}), meer dan {limit}",
    "stopped; {messages} still to do: run it again, or leave them to a relay": (
        "gestopt; nog {messages} te doen: voer het opnieuw uit, of laat ze aan een relay over"
    ),
    "still pending: {messages}, and nothing moves": "nog open: {messages}, en er gebeurt niets",
    "{target} waits for its first register, and with it {messages}": (
        "{target} wacht op de eerste registratie, en daarmee {messages}"
    ),
    "{target} is paused, {messages} pending: {why}": "{target} is gepauzeerd, {messages} open: {why}",
    "put that right, then: {command}": "los dat op, en dan: {command}",
    "{target}: {messages} to be tried again later: {why}": ("{target}: {messages} later opnieuw te proberen: {why}"),
    # -- explain: the answer
    "{thing} is in {cloud} as it should be, since {moment}": "{thing} staat goed in {cloud}, sinds {moment}",
    "whether {thing} is in {cloud} as it should be is not known: {why}": (
        "of {thing} goed in {cloud} staat is niet bekend: {why}"
    ),
    "{thing} is not in {cloud}: {why}": "{thing} staat niet in {cloud}: {why}",
    "{thing} is still in {cloud}: {why}": "{thing} staat nog in {cloud}: {why}",
    "{thing} stays in {cloud} as it was sent on {moment}: {why}": (
        "{thing} blijft in {cloud} zoals verzonden op {moment}: {why}"
    ),
    "{thing} is in {cloud}, but not as it should be: {why}": (
        "{thing} staat in {cloud}, maar niet zoals het hoort: {why}"
    ),
    "there is no view {view}": "er is geen view {view}",
    "the view {view} cannot be read: {words}": "de view {view} kan niet worden gelezen: {words}",
    "it is not in the view any more": "de view bevat het niet meer",
    "the view has this key {rows} times": "de view heeft deze sleutel {rows} keer",
    "make it unique in the view, it then goes on by itself": (
        "maak hem uniek in de view, daarna gaat het vanzelf verder"
    ),
    "it is withdrawn, and removed when it is registered": "het is ingetrokken en wordt verwijderd bij het registreren",
    "register: {command}": "registreer: {command}",
    "it is withdrawn": "het is ingetrokken",
    "{column} is blank in AccountView": "{column} is niet ingevuld in AccountView",
    "{columns} are blank in AccountView": "{columns} zijn niet ingevuld in AccountView",
    "fill it in, it then follows by itself": "vul dit in, daarna volgt het vanzelf",
    "fill them in, it then follows by itself": "vul deze in, daarna volgt het vanzelf",
    "the licence lacks {modules}": "de licentie bevat {modules} niet",
    "with the licence it follows by itself": "met de licentie volgt het vanzelf",
    "a person has to decide: {why}": "iemand moet beslissen: {why}",
    "put that right, it then follows by itself; or try again: {command}": (
        "los dat op, daarna volgt het vanzelf; of probeer het opnieuw: {command}"
    ),
    "the cloud refused it: {why}": "de cloud weigerde het: {why}",
    "put that right, it then goes on by itself": "los dat op, daarna gaat het vanzelf verder",
    "put that right, it then goes on by itself; or say which one it is: {command}": (
        "los dat op, daarna gaat het vanzelf verder; of zeg welke het is: {command}"
    ),
    "{who} rejected it on {moment} ({why})": "{who} heeft het afgewezen op {moment} ({why})",
    "{who} skipped it on {moment} ({why})": "{who} heeft het overgeslagen op {moment} ({why})",
    "after all: {command}": "alsnog: {command}",
    "nothing has to be done, it then goes on by itself": "er hoeft niets te gebeuren, daarna gaat het vanzelf verder",
    "decide: {yes}, or {no}": "beslis: {yes}, of {no}",
    "{thing} is not there: {why}": "{thing} staat er niet: {why}",
    "{cloud} waits for its first register": "{cloud} wacht op de eerste registratie",
    "a call got no answer": "een aanroep kreeg geen antwoord",
    "its change was not noticed": "de wijziging is niet opgemerkt",
    "it waits, and no relay is running": "het wacht, en er draait geen relay",
    "start one: {command}": "start er een: {command}",
    "at once": "meteen",
    "the last attempt failed: {why}": "de laatste poging mislukte: {why}",
    "next attempt: {moment}": "volgende poging: {moment}",
    "it is on its way": "het is onderweg",
    "it is not in the view {view}": "het staat niet in de view {view}",
    "the view {view} has {number} ways to it, and each lacks something; the nearest: {why}": (
        "de view {view} heeft er {number} wegen voor, en aan elke ontbreekt iets; de dichtstbijzijnde: {why}"
    ),
    "{table} has no row with {column} = {value}": "{table} heeft geen regel met {column} = {value}",
    "no row fulfils {condition}": "geen regel voldoet aan {condition}",
    # -- explain: what it rests on
    "the key of {resource} is {columns}: {values}, not {given}": (
        "de sleutel van {resource} is {columns}: {values}, niet {given}"
    ),
    "view": "view",
    "conditions": "voorwaarden",
    "cloud": "cloud",
    "messages": "berichten",
    "parents": "hoort bij",
    "calls": "aanroepen",
    "decisions": "beslissingen",
    "sending": "verzending",
    "{view} has no such row": "{view} heeft deze regel niet",
    "missing: {columns}": "ontbreekt: {columns}",
    "withdrawn": "ingetrokken",
    "which condition fails cannot be said: {why}": "aan welke voorwaarde het schort is niet te zeggen: {why}",
    "by {tables}:": "via {tables}:",
    "not examined: {sql}": "niet onderzocht: {sql}",
    "everything": "alles",
    "(blank)": "(leeg)",
    "yes": "ja",
    "no": "nee",
    "{table} has a row with {column} = {value}": "{table} heeft een regel met {column} = {value}",
    "{cloud} holds nothing of it": "{cloud} heeft er niets van",
    "{cloud} holds nothing of it; last looked at {moment}: {became}": (
        "{cloud} heeft er niets van; laatst bekeken {moment}: {became}"
    ),
    "acknowledged {moment}": "bevestigd {moment}",
    "in doubt since {moment} ({intent})": "onzeker sinds {moment} ({intent})",
    "{messages} may be about it too": "misschien ook hierover: {messages}",
    "no answer": "geen antwoord",
    "{cloud} is active since {moment}": "{cloud} is actief sinds {moment}",
    "relay {holder}": "relay {holder}",
    "no relay is running; start one: {command}": "er draait geen relay; start er een: {command}",
    # -- status
    "not active yet": "nog niet actief",
    "paused since {moment}": "gepauzeerd sinds {moment}",
    "active since {moment}": "actief sinds {moment}",
    "no relay": "geen relay",
    "relay {holder} since {moment}": "relay {holder} sinds {moment}",
    " and {number} more": " en nog {number}",
    "lanes": "banen",
    "{served} of {lanes}": "{served} van {lanes}",
    "never verified": "nooit vergeleken",
    "verified {moment}: {what}": "vergeleken {moment}: {what}",
    "nothing waits, nothing is stuck": "er wacht niets en er zit niets vast",
    "this outbox was restored or copied, and sends nothing from here": (
        "deze outbox is teruggezet of gekopieerd, en verzendt hier niets"
    ),
    "capture is switched off: {command}": "wijzigingen worden niet opgemerkt (uitgezet): {command}",
    "next: {step}": "nu: {step}",
    "and more: {command}": "en meer: {command}",
    "{cloud} waits for its first register: {command}": "{cloud} wacht op de eerste registratie: {command}",
    "{cloud} has no relay: {command}": "{cloud} heeft geen relay: {command}",
    "{cloud}: {rows} for a person; which and why: {commands}": (
        "{cloud}: {rows} waarover iemand moet beslissen; welke en waarom: {commands}"
    ),
    "{cloud} has to be compared after a restore or a fail-over: {command}": (
        "{cloud} moet worden vergeleken na terugzetten of uitwijken: {command}"
    ),
    "{cloud} is not as it should be; what differs: {command}": (
        "{cloud} is niet zoals het hoort; wat verschilt: {command}"
    ),
    "{cloud} could not be compared whole: {command}": "{cloud} kon niet helemaal worden vergeleken: {command}",
    "{cloud}: {rows} in doubt, and nothing under way: {command}": (
        "{cloud}: {rows} onzeker, en er is niets onderweg: {command}"
    ),
    # -- status: what is not sent to
    "and {parts} that nothing is sent to: {command}": "en {parts} waarheen niets gaat: {command}",
    "{what} paused since {moment}: {why}": "{what} gepauzeerd sinds {moment}: {why}",
    "{what} down since {moment}, next try {until}: {why}": (
        "{what} onbereikbaar sinds {moment}, volgende poging {until}: {why}"
    ),
    "{what} used up until {until}: {why}": "{what} opgebruikt tot {until}: {why}",
    "{what} told to wait until {until}: {why}": "{what} moet wachten tot {until}: {why}",
    "{parts} paused; what and why: {command}; each ends with outbox resume": (
        "{parts} gepauzeerd; wat en waarom: {command}; elk eindigt met outbox resume"
    ),
    "paused: {what} ({why}); when that is put right: {command}": (
        "gepauzeerd: {what} ({why}); als dat is opgelost: {command}"
    ),
    "company {code}": "onderneming {code}",
    "{part} of {whole}": "{part} van {whole}",
}
