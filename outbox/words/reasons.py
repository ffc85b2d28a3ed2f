"""What the relay stores in English, and its Dutch. Placeholders are equal in both."""

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
    "the view has this key {rows} times; make it unique, then it goes on by itself": (
        "de view heeft deze sleutel {rows} keer; maak hem uniek, daarna gaat het vanzelf verder"
    ),
    "an earlier call may still arrive": "een eerdere aanroep kan nog aankomen",
    "not found yet, an earlier call may still arrive": "nog niet gevonden, een eerdere aanroep kan nog aankomen",
    "found afterwards: no relay lived to record whether this call left": (
        "later gevonden: geen relay heeft kunnen vastleggen of deze aanroep is gedaan"
    ),
    "the target asked to wait": "de cloud vroeg om te wachten",
    "e-mail, first and last name all changed: perhaps another person; approve when it is the same": (
        "e-mailadres, voornaam en achternaam zijn alle drie gewijzigd: misschien een ander persoon; keur goed als het"
        " dezelfde is"
    ),
    "another e-mail, and the names of before are not known: perhaps another person; approve when it is the same": (
        "een ander e-mailadres, en de namen van voorheen zijn niet bekend: misschien een ander persoon; keur goed als"
        " het dezelfde is"
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
    "brake: all {rows} rows of {part} would be removed; decide with: outbox approve --batch {number} (or reject)": (
        "rem: alle {rows} regels van {part} zouden worden verwijderd; beslis met: outbox approve --batch {number}"
        " (of reject)"
    ),
    "brake: {rows} removals of {part} within an hour, more than {status}; decide with: outbox approve --batch {number}"
    " (or reject)": (
        "rem: {rows} keer {part} verwijderen binnen een uur, meer dan {status}; beslis met: outbox approve --batch"
        " {number} (of reject)"
    ),
    "brake: {rows} new {part} within an hour, more than {status}; decide with: outbox approve --batch {number}"
    " (or reject)": (
        "rem: {rows} keer nieuw in {part} binnen een uur, meer dan {status}; beslis met: outbox approve --batch"
        " {number} (of reject)"
    ),
    "the brake cannot read a view: {words}": "de rem kan een view niet lezen: {words}",
    "the brake waits: another relay is counting, or a table that it counts is locked": (
        "de rem wacht: een andere relay telt, of een tabel die hij telt is vergrendeld"
    ),
    "{why}, but is held, dead or not looked at himself": (
        "{why}, maar wacht zelf op een beslissing, is geweigerd of wordt niet bekeken"
    ),
    "user {name} with the same e-mail is in doubt": (
        "van gebruiker {name} met hetzelfde e-mailadres is de uitkomst onzeker"
    ),
    "user {name} is about to leave with this e-mail": "gebruiker {name} met dit e-mailadres wordt nog verwijderd",
    "user {name} has this e-mail now, and is perhaps another person: decide about him first": (
        "gebruiker {name} heeft dit e-mailadres nu, en is misschien een ander persoon: beslis eerst over hem"
    ),
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
    "its key is too long for the outbox: 2,600 bytes are the most": (
        "de sleutel is te lang voor de outbox: hoogstens 2.600 bytes"
    ),
    "the view {view} cannot be read: {words}": "de view {view} kan niet worden gelezen: {words}",
    "the view of the users cannot be read: {words}": "de view van de gebruikers kan niet worden gelezen: {words}",
    # -- pauses, breaker, limits
    "the target asked to wait, or its calls are used up": "de cloud vroeg om te wachten, of de aanroepen zijn op",
    "the calls that the target allows are used up": "de aanroepen die de cloud toestaat zijn op",
    "the calls that company {name} allows are used up": "de aanroepen die onderneming {name} toestaat zijn op",
    "the cloud asked for it (Retry-After)": "de cloud vroeg erom (Retry-After)",
    "the cloud allows {number} calls a window": "de cloud staat {number} aanroepen per tijdvak toe",
    "not sent: the platform is down ({why})": "niet verzonden: de cloud is onbereikbaar ({why})",
    "not sent: the relay stops, hands over or is paused": (
        "niet verzonden: de relay stopt, draagt over of is gepauzeerd"
    ),
    "not sent: the lease could end before the call does": (
        "niet verzonden: de relay zou zijn beurt kunnen verliezen voor de aanroep is afgelopen"
    ),
    "not sent: the budget of calls cannot be read ({words})": (
        "niet verzonden: hoeveel aanroepen er nog mogen kan niet worden gelezen ({words})"
    ),
    "not sent: {why}": "niet verzonden: {why}",
    "it does not answer": "hij antwoordt niet",
    "paused: {part} ({why})": "gepauzeerd: {part} ({why})",
    "company {name} has no licence in the ERP ({words})": "onderneming {name} heeft geen licentie in het ERP ({words})",
    "company {name} has no segment {number} in the ERP; check the setting {other}": (
        "onderneming {name} heeft geen segment {number} in het ERP; controleer de instelling {other}"
    ),
    "company {name} has no segment {number} in the ERP": "onderneming {name} heeft geen segment {number} in het ERP",
    "company {name} has no list of projects in the ERP": "onderneming {name} heeft geen lijst van projecten in het ERP",
    "company {name} has no usable tenant id in the ERP": "onderneming {name} heeft geen bruikbaar tenant-id in het ERP",
    "this client may not add companies; ask the vendor to allow it ({words})": (
        "deze client mag geen ondernemingen toevoegen; vraag de leverancier om dat toe te staan ({words})"
    ),
    "this business unit, or none, is not accepted; set business_unit_name as the vendor gave it ({words})": (
        "deze business unit, of geen, wordt niet aanvaard; stel business_unit_name in zoals de leverancier die opgaf "
        "({words})"
    ),
    "the cloud does not accept the client of {name} ({words}); check client_id and client_secret of target {other}": (
        "de cloud aanvaardt de client van {name} niet ({words}); controleer client_id en client_secret van {other}"
    ),
    "no token for company {name} of {other} ({words}); is its tenant id right?": (
        "geen token voor onderneming {name} van {other} ({words}); klopt haar tenant-id?"
    ),
    "no token for {name}: {why}": "geen token voor {name}: {why}",
    "the answer holds none, or not how long it lasts": "het antwoord bevat er geen, of niet hoe lang het geldt",
    # why the conditions of a view are not examined
    "it has {clause}, which looks at all rows together": "hij heeft {clause}, en dat kijkt naar alle regels tegelijk",
    "it has DISTINCT ON, which picks one row of several": "hij heeft DISTINCT ON, en dat kiest een van meer regels",
    "it computes from many rows together": "hij rekent met veel regels tegelijk",
    "it has a function or LATERAL in FROM": "hij heeft een functie of LATERAL in FROM",
    "it has a LEFT JOIN to several tables together": "hij heeft een LEFT JOIN naar meer tabellen tegelijk",
    "it has a {clause} JOIN": "hij heeft een {clause} JOIN",
    "a condition took longer than {rows} s": "een voorwaarde duurde langer dan {rows} s",
    # -- views
    "user {name} is in the view again": "gebruiker {name} staat weer in de view",
    "a table that it reads is locked": "een tabel die hij leest is vergrendeld",
    "it is gone": "hij bestaat niet meer",
    # -- the cloud does not show what is expected
    "{words} was given the same object a moment ago": "{words} kreeg zojuist hetzelfde object",
    "{words} was found, and then was gone": "{words} is gevonden, en was daarna verdwenen",
    "{words} is being changed by somebody else": "{words} wordt door iemand anders gewijzigd",
    "there is no list {words}, says the cloud": "de cloud zegt dat er geen lijst {words} is",
    "whose object it is cannot be read from the database": "van wie het object is kan niet worden gelezen",
    "{call}: the ERP has it ({words}), but does not show it yet": (
        "{call}: het ERP heeft het ({words}), maar toont het nog niet"
    ),
    "{call}: the cloud has it ({words}), but does not list it yet": (
        "{call}: de cloud heeft het ({words}), maar toont het nog niet in de lijst"
    ),
    # -- codes and settings that cannot be sent
    "{words} cannot be part of an address; change the code": "{words} past niet in een adres; wijzig de code",
    "a code of {number} characters is too long to be part of an address; change the code": (
        "een code van {number} tekens is te lang voor een adres; wijzig de code"
    ),
    "a new project of company {name} needs a template or subaccount defaults: set template or def_sub for company"
    " {words} (or the defaults) of target {other}": (
        "een nieuw project van onderneming {name} vraagt om een sjabloon of standaardwaarden: stel template of def_sub"
        " in voor onderneming {words} (of de defaults) van {other}"
    ),
    # -- calls, the general ones last
    "a fault of the relay: {name}": "een fout in de relay: {name}",
    "given up: {why}": "opgegeven: {why}",
    "{why}; read back: {then}": "{why}; teruggelezen: {then}",
    "{why}; that was not the API itself": "{why}; dat was niet de API zelf",
    "{why}, also with a new token; is the remote id of company {name} the tenant id of the company itself, not of the"
    " customer?": (
        "{why}, ook met een nieuw token; is het id van onderneming {name} het tenant-id van de onderneming zelf, niet"
        " van de klant?"
    ),
    "{why}, also with a new token": "{why}, ook met een nieuw token",
    "no connection to {name}: {words}": "geen verbinding met {name}: {words}",
    "no answer within {words} s": "geen antwoord binnen {words} s",
    "the connection broke: {words}": "de verbinding is verbroken: {words}",
    "an answer that is too large": "een te groot antwoord",
    "something that is not JSON": "iets dat geen JSON is",
    "an error in its body: {words}": "een foutmelding erin: {words}",
    "nothing in its body": "een leeg antwoord",
    "{call} was answered {status} and was not at its end after {words} s": (
        "{call} kreeg antwoord {status} en was na {words} s niet klaar"
    ),
    "{call} was answered {status} and ended without a status": (
        "{call} kreeg antwoord {status} en eindigde zonder status"
    ),
    "{call} was answered {status}, and then with no state": "{call} kreeg antwoord {status}, en daarna geen status",
    "{call} was answered {status}, and then: {then}": "{call} kreeg antwoord {status}, en daarna: {then}",
    "{call} was answered {status}, and then {other} with {number}: {words}": (
        "{call} kreeg antwoord {status}, en daarna {other} met {number}: {words}"
    ),
    "{call} was answered {status} without a job to follow": ("{call} kreeg antwoord {status} zonder taak om te volgen"),
    "{call} was answered {status} without a usable id": "{call} kreeg antwoord {status} zonder bruikbaar id",
    "{call} was answered {status} without words": "{call} kreeg antwoord {status} zonder toelichting",
    "{call} was answered {status} with {then}": "{call} kreeg antwoord {status} met {then}",
    "{call} was answered {status}: {words}": "{call} kreeg antwoord {status}: {words}",
    "{call} was answered {status}": "{call} kreeg antwoord {status}",
    "{call} was answered without {words}": "{call} kreeg een antwoord zonder {words}",
    "{call} was answered with {words}": "{call} kreeg een antwoord met {words}",
    "{call} has no end": "aan {call} komt geen einde",
    "{call}: {then}": "{call}: {then}",
}
