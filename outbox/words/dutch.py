"""Every text of register, explain and status, English and Dutch side by side. Placeholders are equal in both."""

from __future__ import annotations

# What the relay stores in outbox.message.error, ours only. {parent} is stored as resource and key; {why} is a reason
# itself; the rest is copied. The first that fits counts, so the general ones stand last.
REASONS: dict[str, str] = {
    "missing: {columns}": "ontbreekt: {columns}",
    "withdrawn": "ingetrokken",
    "register to remove": "wordt verwijderd zodra u de gebruikers registreert",
    "{parent} is not in the cloud": "{parent} staat niet in de cloud",
    "another key has this object of the cloud": "een andere sleutel heeft dit object in de cloud",
    "the company it was made in is gone": "de onderneming waarin het is aangemaakt bestaat niet meer",
    "gone with the parent": "samen met het bovenliggende verdwenen",
    "the view has this key {rows} times; make it unique, then it goes on by itself": (
        "de view heeft deze sleutel {rows} keer; maak hem uniek, daarna gaat het vanzelf verder"
    ),
    "an earlier call may still arrive": "een eerdere aanroep kan nog aankomen",
    "not found yet, an earlier call may still arrive": "nog niet gevonden, een eerdere aanroep kan nog aankomen",
    "the target asked to wait": "de cloud vroeg om te wachten",
    "e-mail, first and last name all changed: perhaps another person; approve when it is the same": (
        "e-mailadres, voornaam en achternaam zijn alle drie gewijzigd: misschien een ander persoon; keur goed als het"
        " dezelfde is"
    ),
    # before the brake's own words, which they end with
    "its company {name} is to be removed, which is held: {why}": (
        "de onderneming {name} moet worden verwijderd, en dat wacht op een beslissing: {why}"
    ),
    "its company {name} is to be removed, which was rejected": (
        "de onderneming {name} moest worden verwijderd, en dat is afgewezen"
    ),
    "its company {name} is to be removed, which is looked at first": (
        "de onderneming {name} moet worden verwijderd, en die wordt eerst bekeken"
    ),
    "rejected before; outbox register with this key does it after all": (
        "eerder afgewezen; outbox register met deze sleutel doet het alsnog"
    ),
    "it is gone from the cloud, and is created again": "het is uit de cloud verdwenen en wordt opnieuw aangemaakt",
    "brake: all {rows} rows of {name} would be removed; decide with: outbox approve --batch {number} (or reject)": (
        "rem: alle {rows} regels van {name} zouden worden verwijderd; beslis met: outbox approve --batch {number}"
        " (of reject)"
    ),
    "brake: {rows} removals of {name} within an hour, more than {status}; decide with: outbox approve --batch {number}"
    " (or reject)": (
        "rem: {rows} keer {name} verwijderen binnen een uur, meer dan {status}; beslis met: outbox approve --batch"
        " {number} (of reject)"
    ),
    "brake: {rows} new {name} within an hour, more than {status}; decide with: outbox approve --batch {number}"
    " (or reject)": (
        "rem: {rows} keer nieuw in {name} binnen een uur, meer dan {status}; beslis met: outbox approve --batch"
        " {number} (of reject)"
    ),
    "the brake cannot read a view: {words}": "de rem kan een view niet lezen: {words}",
    "{why}, but is held, dead or not looked at himself": (
        "{why}, maar wacht zelf op een beslissing, is geweigerd of wordt niet bekeken"
    ),
    "user {name} with the same e-mail is in doubt": (
        "van gebruiker {name} met hetzelfde e-mailadres is de uitkomst onzeker"
    ),
    "user {name} is about to leave with this e-mail": "gebruiker {name} met dit e-mailadres wordt nog verwijderd",
    "user {name} is about to give up this e-mail": "gebruiker {name} krijgt nog een ander e-mailadres dan dit",
    "ambiguous: user {name} has this e-mail in the cloud": (
        "niet eenduidig: gebruiker {name} heeft dit e-mailadres al in de cloud"
    ),
    "users {name} and {other} exchange their e-mails: change one to a third first": (
        "gebruikers {name} en {other} wisselen van e-mailadres: geef een van beiden eerst een derde adres"
    ),
    "the e-mail address belongs to user {name} in the cloud": ("het e-mailadres is in de cloud van gebruiker {name}"),
    "the e-mail address belongs to an account that nobody here is linked to in the cloud": (
        "het e-mailadres hoort in de cloud bij een account waaraan hier niemand is gekoppeld"
    ),
    "gone from the cloud; approve to create again": "uit de cloud verdwenen; keur goed om opnieuw aan te maken",
    "the cloud has {number} that could be meant ({names}); link the right one": (
        "de cloud heeft er {number} die bedoeld kunnen zijn ({names}); koppel de juiste"
    ),
    "there is no desired view for it (any more)": "er is geen view (meer) voor",
    "the view {view} cannot be read: {words}": "de view {view} kan niet worden gelezen: {words}",
    "the view of the users cannot be read: {words}": "de view van de gebruikers kan niet worden gelezen: {words}",
    "company {name} has no usable tenant id in the ERP": "onderneming {name} heeft geen bruikbaar tenant-id in het ERP",
    "company {name} has no licence in the ERP ({words})": "onderneming {name} heeft geen licentie in het ERP ({words})",
    "this client may not add companies ({words}); ask the vendor to allow it": (
        "deze client mag geen ondernemingen toevoegen ({words}); vraag de leverancier dit toe te staan"
    ),
    # why the conditions of a view are not examined
    "it has {clause}, which looks at all rows together": "hij heeft {clause}, en dat kijkt naar alle regels tegelijk",
    "it has DISTINCT ON, which picks one row of several": "hij heeft DISTINCT ON, en dat kiest een van meer regels",
    "it computes from many rows together": "hij rekent met veel regels tegelijk",
    "it has a function or LATERAL in FROM": "hij heeft een functie of LATERAL in FROM",
    "it has a LEFT JOIN to several tables together": "hij heeft een LEFT JOIN naar meer tabellen tegelijk",
    "it has a {clause} JOIN": "hij heeft een {clause} JOIN",
    "a condition took longer than {rows} s": "een voorwaarde duurde langer dan {rows} s",
    "a fault of the relay: {name}": "een fout in de relay: {name}",
    "given up: {why}": "opgegeven: {why}",
    "{why}; read back: {then}": "{why}; teruggelezen: {then}",
    "{call} was answered {status} without words": "{call} kreeg antwoord {status} zonder toelichting",
    "{call} was answered {status}: {words}": "{call} kreeg antwoord {status}: {words}",
}

TEXTS: dict[str, str] = {
    # -- small parts
    "{first} and {last}": "{first} en {last}",
    "{n} d": "{n} d",
    "{n} h": "{n} uur",
    "{n} min": "{n} min",
    "{n} s": "{n} s",
    # -- register
    "{users} will get an invitation mail": "{users} krijgen een uitnodiging per e-mail",
    "nobody gets a mail": "niemand krijgt een e-mail",
    "registering": "bezig met registreren",
    "and {rows} more; --report FILE keeps them all": "en nog {rows}; --report BESTAND bewaart ze allemaal",
    "there is nothing to do": "er is niets te doen",
    "about {calls}, which take about {duration}": "ongeveer {calls}, dat duurt ongeveer {duration}",
    "{cloud} becomes active: from now on every change goes out by itself": (
        "{cloud} wordt actief: vanaf nu gaat elke wijziging vanzelf mee"
    ),
    ", {waiting} at once": ", {waiting} meteen",
    "{agreed} were agreed to, and the preview shows {shown}: nothing was done": (
        "er was akkoord voor {agreed}, en het overzicht toont er {shown}: er is niets gedaan"
    ),
    "so many removals need their number: nothing was done": (
        "zo veel verwijderingen vragen om hun aantal: er is niets gedaan"
    ),
    "Register?": "Registreren?",
    "Type the number of removals to go on": "Typ het aantal verwijderingen om door te gaan",
    "that is not the number of removals: nothing was done": (
        "dat is niet het aantal verwijderingen: er is niets gedaan"
    ),
    "{cloud}: all {resource} would be removed": "{cloud}: alle {resource} worden verwijderd",
    "{cloud}: {removals} of {resource}, more than {limit}": "{cloud}: {removals} van {resource}, meer dan {limit}",
    "{cloud}: {users} would get a mail, more than {limit}": "{cloud}: {users} krijgen een e-mail, meer dan {limit}",
    "{cloud}: {grants} ({resource}), more than {limit}": "{cloud}: {grants} ({resource}), meer dan {limit}",
    "stopped; {messages} still to do: run it again, or leave them to a relay": (
        "gestopt; nog {messages} te doen: voer het opnieuw uit, of laat ze aan een relay over"
    ),
    "{messages} are still pending, and nothing moves": "er staan nog {messages} open, en er gebeurt niets",
    "{target} waits for its first register, and so do {messages}": (
        "{target} wacht op de eerste registratie, en daarmee {messages}"
    ),
    "{target} is paused, {messages} pending: {why}": "{target} is gepauzeerd, {messages} open: {why}",
    "put that right, then: {command}": "los dat op, en dan: {command}",
    "{target}: {messages} to be tried again later: {why}": (
        "{target}: {messages} worden later opnieuw geprobeerd: {why}"
    ),
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
    "decide: {yes}, or {no}": "beslis: {yes}, of {no}",
    "{thing} is not there: {why}": "{thing} staat er niet: {why}",
    "{cloud} waits for its first register": "{cloud} wacht op de eerste registratie",
    "{cloud} is paused: {why}": "{cloud} is gepauzeerd: {why}",
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
    "the key of {resource} is {columns}: {number} values, not {given}": (
        "de sleutel van {resource} is {columns}: {number} waarden, geen {given}"
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
    "the view is too complex to say: {why}": "de view is te ingewikkeld om het te zeggen: {why}",
    "by {tables}:": "via {tables}:",
    "not examined: {sql}": "niet onderzocht: {sql}",
    "yes": "ja",
    "no": "nee",
    "{table} has a row with {column} = {value}": "{table} heeft een regel met {column} = {value}",
    "{cloud} holds nothing of it": "{cloud} heeft er niets van",
    "{cloud} holds nothing of it; last looked at {moment}: {became}": (
        "{cloud} heeft er niets van; laatst bekeken {moment}: {became}"
    ),
    "acknowledged {moment}": "bevestigd {moment}",
    "in doubt since {moment} ({intent})": "onzeker sinds {moment} ({intent})",
    "{messages} may be about it too": "{messages} kunnen er ook over gaan",
    "no answer": "geen antwoord",
    "{cloud} is paused since {moment}: {why}": "{cloud} is gepauzeerd sinds {moment}: {why}",
    "{cloud} is active since {moment}": "{cloud} is actief sinds {moment}",
    "relay {holder}": "relay {holder}",
    "no relay is running; start one: {command}": "er draait geen relay; start er een: {command}",
    # -- status
    "not active yet": "nog niet actief",
    "paused since {moment}": "gepauzeerd sinds {moment}",
    "active since {moment}": "actief sinds {moment}",
    "no relay": "geen relay",
    "nothing waits, nothing is stuck": "er wacht niets en er zit niets vast",
    "next: {step}": "nu: {step}",
    "and more: {command}": "en meer: {command}",
    "{cloud} waits for its first register: {command}": "{cloud} wacht op de eerste registratie: {command}",
    "{cloud} is paused ({why}); when that is put right: {command}": (
        "{cloud} is gepauzeerd ({why}); als dat is opgelost: {command}"
    ),
    "{cloud} has no relay: {command}": "{cloud} heeft geen relay: {command}",
    "{cloud}: {rows} to decide about; why: {command}": "{cloud}: {rows} om over te beslissen; waarom: {command}",
    "{cloud}: {rows} refused; why: {command}": "{cloud}: {rows} geweigerd; waarom: {command}",
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
    "{what} is paused ({why}); when that is put right: {command}": (
        "{what} is gepauzeerd ({why}); als dat is opgelost: {command}"
    ),
    "company {code}": "onderneming {code}",
    "{part} of {whole}": "{part} van {whole}",
}
