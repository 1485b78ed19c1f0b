# Schlicht, freundlich, kurz. Sagen, was geschehen ist, dann, was zu tun ist. Nie die Schuld geben.

site-title = Kennwort zurücksetzen
skip-to-content = Zum Inhalt springen
mark-emulated = Vorführung: Der Microsoft-Mandant hinter dieser Seite wird auf diesem Rechner nachgebildet.
mark-other-hosts = Dieses Portal vertraut Servern, die nicht Microsoft gehören.
sign-out = Abmelden
language = Sprache
language-switch = Wechseln
support-line = Sie kommen nicht weiter? Rufen Sie an: { $phone }
signed-in-as = Angemeldet als

span-seconds = { $n ->
    [one] 1 Sekunde
   *[other] { $n } Sekunden
}
span-minutes = { $n ->
    [one] 1 Minute
   *[other] { $n } Minuten
}
span-hours = { $n ->
    [one] 1 Stunde
   *[other] { $n } Stunden
}

moment = { $day }. { $month ->
    [1] Januar
    [2] Februar
    [3] März
    [4] April
    [5] Mai
    [6] Juni
    [7] Juli
    [8] August
    [9] September
    [10] Oktober
    [11] November
   *[12] Dezember
} { $year }, { $time }

button-start = Zur Startseite
button-sign-in-again = Noch einmal anmelden
button-sign-in = Ohne Kennwort anmelden

landing-title = Kennwort vergessen?
landing-text = Melden Sie sich anders an, wählen Sie ein neues Kennwort und sehen Sie zu, wie es ankommt – von überall, ohne VPN.
landing-opens-on-password = Microsoft fragt zuerst nach Ihrem Kennwort
landing-choose-other = Geben Sie es nicht ein. Wählen Sie „Andere Anmeldemöglichkeiten“ und dann eine davon:
landing-method-passkey = Gesicht, Fingerabdruck oder PIN
landing-method-passkey-text = Ein Passkey auf diesem Gerät oder Ihrem Telefon
landing-method-key = Sicherheitsschlüssel
landing-method-key-text = Einstecken oder ans Telefon halten
landing-method-phone = Authenticator-App
landing-method-phone-text = Die Zahl auf Ihrem Telefon bestätigen
landing-method-pass = Befristeter Zugriffspass
landing-method-pass-text = Ein Code, den Sie vom Helpdesk haben
landing-back-title = Sind Sie zurückgekommen, ohne fertig zu sein?
landing-back-text = Das geschieht, wenn Microsoft nach dem Kennwort fragt. Geben Sie es nicht ein: Darunter steht „Andere Anmeldemöglichkeiten“.
landing-steps-title = So geht es
landing-step-1 = Sie melden sich bei Microsoft an, ohne Kennwort.
landing-step-2 = Hier wählen Sie ein neues Kennwort.
landing-step-3 = Sie sehen, wie es in Ihrer Organisation ankommt.

form-title = Neues Kennwort wählen
form-for = Für
home-cloud = Ihr Kennwort liegt in der Microsoft-Cloud.
home-directory = Ihr Kennwort liegt in { $domain }, zuletzt abgeglichen vor { $ago }.
home-directory-unsynced = Ihr Kennwort liegt in { $domain }.
form-two-steps = Zwei Schritte: hier ein neues Kennwort, danach fragt Microsoft Sie vielleicht noch einmal nach einem anderen.
form-locked = Ihr Konto ist wegen falscher Kennwörter gesperrt. Entfernen Sie zuerst das alte Kennwort von Ihrem Telefon, aus E-Mail und WLAN: Sie probieren es immer wieder.
form-locked-until = Die Sperre endet von selbst um { $time }.
form-password = Neues Kennwort
form-again = Noch einmal dasselbe
form-show = Zeigen
form-hide = Verbergen
form-submit = Neues Kennwort setzen
form-rules = Ihr Kennwort
form-whys = Warum diese Regeln?
form-only-microsoft = Microsoft prüft außerdem seine Liste häufiger Kennwörter und die Regeln Ihrer Organisation. Das kann nur Microsoft; die Antwort sehen Sie hier.
form-until = Bitte fertig werden bis
form-unknown-title = Versuchen Sie zuerst das Kennwort vom letzten Mal
form-unknown-text = Wir konnten nicht herausfinden, ob es geklappt hat. Wenn Sie damit nicht hineinkommen, setzen Sie das Häkchen und wählen Sie ein anderes.
form-unknown-tick = Ich habe es versucht, und es geht nicht
form-unknown-link = Die letzte Zurücksetzung ansehen
form-expired-soon = Noch weniger als zwei Minuten. Läuft die Zeit ab, melden Sie sich noch einmal an; verloren geht nichts.

rule-length = Mindestens { $n } Zeichen
rule-characters = Nur Buchstaben A–Z, Ziffern, Leerzeichen und übliche Zeichen
rule-classes = { $n } davon: Kleinbuchstabe, Großbuchstabe, Ziffer, Sonderzeichen
rule-name = Nicht Ihr Name
rule-banned = Nicht aus verbotenen Wörtern gebaut
rule-strength = Schwer zu erraten
rule-breach = Aus keinem Datenleck bekannt
rule-microsoft = Von Microsoft angenommen
rule-length-why = Länge schützt mehr als alles andere.
rule-characters-why = Andere Zeichen gehen bei Microsoft und dann nicht an Ihrem Computer, oder umgekehrt.
rule-classes-why = Das Verzeichnis Ihrer Organisation verlangt es.
rule-name-why = Er wird als Erstes probiert, auch mit 0 statt o oder @ statt a.
rule-banned-why = Der Name Ihrer Organisation und andere häufige Wörter werden mit jeder Endung probiert.
rule-strength-why = Daten, Muster auf der Tastatur und bekannte Wörter sind in Minuten erraten.
rule-breach-why = Kennwörter, die irgendwo einmal gestohlen wurden, werden überall probiert.
rule-microsoft-why = Microsoft wird gefragt, wenn Sie das Formular absenden.
rule-microsoft-said = Microsoft sagt:
rule-standing-pending = noch nicht geprüft
rule-standing-met = erfüllt
rule-standing-failed = nicht erfüllt
rule-standing-unchecked = konnte nicht geprüft werden, erlaubt

phrase-offer = Leicht zu merken und lang genug. Sie können dieses nehmen:
phrase-use = Dieses nehmen
phrase-other = Ein anderes
phrase-used = Eingetragen. Schreiben oder speichern Sie es, bevor Sie weitermachen.

problem-empty = Bitte geben Sie ein neues Kennwort ein. Es wurde nichts gesendet.
problem-different = Die beiden Kennwörter sind nicht gleich. Es wurde nichts gesendet.
problem-rules = Dieses Kennwort erfüllt nicht alle Regeln unten. Es wurde nichts gesendet.
problem-late = Seit Ihrer Anmeldung ist zu viel Zeit vergangen. Es wurde nichts gesendet. Bitte melden Sie sich noch einmal an und setzen Sie dann Ihr Kennwort.
problem-try-first = Bitte versuchen Sie zuerst das Kennwort vom letzten Mal. Es wurde nichts gesendet.

timeline-reference = Vorgangsnummer
timeline-reference-hint = Nennen Sie sie, wenn Sie den Helpdesk anrufen:
timeline-begun = Begonnen um
timeline-took = Dauer: { $span }.
timeline-usual = Üblich: { $span }.
timeline-elapsed = Zeit bisher
timeline-line = Microsoft ist beschäftigt. Sie sind Nummer { $n } in der Reihe; verloren ist nichts.
timeline-line-wait = Weiter geht es in etwa { $span }.
timeline-unused = Es lief schon eine Zurücksetzung. Das eben eingegebene Kennwort wurde nicht verwendet.
timeline-unasked = Microsoft konnte nicht vorab gefragt werden, ob es dieses Kennwort annimmt. Es entscheidet jetzt.
timeline-steps = Der Weg Ihres Kennworts
timeline-code = Code
timeline-again = Ein anderes Kennwort wählen
timeline-retry = Noch einmal versuchen
timeline-reload = Diese Seite erneuert sich von selbst.

state-sending-title = Ihr neues Kennwort wird gesendet
state-sending-text = Es ist auf dem Weg zu Microsoft. Sie können diese Seite verlassen; die Arbeit geht weiter.
state-writing-title = Unterwegs zu Ihrer Organisation
state-writing-text = Microsoft hat es angenommen und gibt es an Ihre Organisation weiter. Sie können diese Seite verlassen; die Arbeit geht weiter.
state-written-title = Ihr neues Kennwort gilt
state-written-text = Microsoft meldet, dass Ihr neues Kennwort gesetzt ist.
state-refused-title = Nicht geändert
state-refused-do1 = Ihr altes Kennwort gilt weiter.
state-failed-title = Nicht geändert
state-failed-do1 = Ihr altes Kennwort gilt weiter.
state-failed-do2 = Rufen Sie den Helpdesk an und nennen Sie die Vorgangsnummer. Dort sieht man, was Sie sehen, und warum.
state-split-title = Fast geschafft
state-split-do1 = Nehmen Sie das neue Kennwort jetzt für Computer und VPN.
state-split-do2 = Warten Sie für Microsoft 365 ein paar Minuten. Bitte noch nicht erneut zurücksetzen.
state-cloud-only-title = Nur bei Microsoft geändert
state-cloud-only-do1 = Nehmen Sie das neue Kennwort für Microsoft 365 und das alte für Computer und VPN.
state-cloud-only-do2 = Der Helpdesk weiß Bescheid. Rufen Sie an und nennen Sie die Vorgangsnummer.
state-unknown-title = Wir wissen es noch nicht
state-unknown-do1 = Versuchen Sie zuerst das neue Kennwort.
state-unknown-do2 = Wenn es nicht geht, gilt das alte noch. Dann setzen Sie ein anderes.
state-finished-title = Fertig
state-finished-text = Sie haben Ihr neues Kennwort benutzt. Hier ist nichts mehr zu tun.

rung-accepted = Microsoft hat es angenommen
rung-accepted-done = Ihr Auftrag ist bei Microsoft angekommen.
rung-accepted-now = Wir warten, dass Microsoft es annimmt.
rung-accepted-ahead = Kommt als Erstes.
rung-accepted-bad = Microsoft hat nicht gesagt, dass es angenommen ist.
rung-written = Microsoft meldet es als gesetzt
rung-written-done = Das Kennwort gilt, sagt Microsoft.
rung-written-now = Wir warten auf Microsofts Meldung.
rung-written-ahead = Kommt als Nächstes.
rung-written-off = So weit kam es nicht.
rung-written-bad = Microsoft hat das nicht gemeldet.
rung-carried = In Ihre Organisation getragen
rung-carried-done = Getragen von { $agent }, sagt Microsofts Protokoll.
rung-carried-now = Microsofts Protokoll wird sagen, wer es getragen hat. Das kann einige Minuten später kommen.
rung-carried-ahead = Kommt danach; Microsofts Protokoll sagt, wer es getragen hat.
rung-carried-off = So weit kam es nicht, soweit wir wissen.
rung-carried-bad = Microsofts Protokoll zeigt nicht, dass es jemand getragen hat.
rung-works = Sie melden sich damit an
rung-works-done = Microsoft hat gesehen, wie Sie sich endgültig entschieden haben. Dieses Kennwort gilt.
rung-works-now = Melden Sie sich einmal damit an. Microsoft fragt vielleicht nach einem anderen; dann gilt jenes.
rung-works-ahead = Kommt zuletzt und ist Ihre Sache: Sie melden sich einmal damit an.
rung-works-off = So weit kam es nicht.

care-title = Was noch zu tun ist
care-question = Kommen Sie gerade in Ihren Laptop hinein?
care-inside = Ja, ich bin drin
care-outside = Nein, ich bin draußen
care-change = Antwort zum Laptop ändern
care-by-itself = Ihr Laptop übernimmt das neue Kennwort von selbst, sobald er online ist.
care-done = erledigt
care-open = noch zu tun
care-phone-first-title = Zuerst: das alte Kennwort vom Telefon entfernen
care-phone-first-text = Ihr Konto war gesperrt, weil etwas immer wieder das alte Kennwort probiert. Öffnen Sie E-Mail und WLAN auf Ihrem Telefon und geben Sie das neue ein, vor allem anderen.
care-phone-title = Auf Ihrem Telefon eingeben
care-phone-text = E-Mail und WLAN probieren dort weiter das alte Kennwort; das kann Sie aussperren.
care-get-in-title = In Ihren Laptop hineinkommen
care-get-in-text = Nehmen Sie PIN, Gesicht oder Fingerabdruck wie bisher; das geht weiter. Sonst versuchen Sie das alte Kennwort: Außerhalb des Netzes Ihrer Organisation öffnet es den Laptop noch. Bietet der Anmeldebildschirm VPN an, verbinden Sie sich zuerst dort und nehmen das neue. Oder gehen Sie ins Büro oder rufen den Helpdesk an.
care-lock-unlock-title = Ihrem Laptop das neue Kennwort beibringen
care-lock-unlock-text = Verbinden Sie VPN oder seien Sie im Büro. Sperren Sie dann den Bildschirm (Windows-Taste und L) und entsperren Sie ihn mit dem neuen Kennwort.
care-wifi-title = Im WLAN Ihrer Organisation eingeben
care-wifi-text = Wo das WLAN nach Namen und Kennwort fragt: Netz vergessen, neu verbinden, neues Kennwort nehmen.
care-signout = War vielleicht jemand anderes drin?
care-signout-text = Sie können sich überall abmelden. Microsoft 365 fragt dann auf jedem Gerät nach dem neuen Kennwort, binnen Minuten, spätestens nach einer Stunde. PINs und Passkeys bleiben.
care-signout-button = Überall abmelden
care-signed-out = Sie wurden um { $time } überall abgemeldet. Das wirkt binnen Minuten, spätestens nach einer Stunde.

finish-title = Noch ein Schritt: damit anmelden
finish-title-unknown = Probieren Sie es: mit dem neuen Kennwort anmelden
finish-text = Microsoft öffnet sich. Geben Sie das neue Kennwort ein. Sollen Sie ein anderes wählen, gilt ab dann überall jenes.
finish-button = Mit dem neuen Kennwort anmelden
finish-asking = Willkommen zurück. Wir fragen Microsoft, ob Ihr Kennwort geändert wurde. Das dauert bis zu einer Minute.
finish-unchanged = Sie sind zurück, aber Microsoft hat keine Änderung Ihres Kennworts gesehen. Wurde keine verlangt, ist alles gut. Haben Sie sich anders angemeldet, versuchen Sie es bitte noch einmal mit dem neuen Kennwort.

cause-r-policy-person = Die Regeln Ihrer Organisation erlauben dieses Kennwort nicht: Es ist vielleicht zu kurz, zu einfach, schon benutzt oder zu früh geändert. Wählen Sie ein anderes.
cause-r-policy-agent = AD hat das Kennwort abgelehnt: Länge, Komplexität, Verlauf oder Mindestalter.
cause-r-policy-admin = 0000052D von AD. Synchronisierungsserver: ADSync-Ereignis 6329 (0x80230619), PasswordResetService 33008 nach 31011. Sehen Sie sich die Kennwortrichtlinie der Domäne oder die feinkörnige an, vor allem das Mindestalter.
cause-r-banned-person = Dieses Kennwort ist zu leicht zu erraten: Es enthält ein häufiges oder verbotenes Wort oder Ihren Namen. Wählen Sie ein anderes.
cause-r-banned-agent = Entras Liste verbotener Kennwörter hat es abgelehnt.
cause-r-banned-admin = FuzzyPolicyViolationInvalidPassword. Sehen Sie unter Authentifizierungsmethoden, Kennwortschutz nach: die eigene Sperrliste, und was die DC-Agents protokollieren.
cause-r-not-sent-person = Etwas hat uns unterbrochen, bevor Ihr Kennwort gesendet wurde. Bitte setzen Sie es noch einmal.
cause-r-not-sent-agent = Es endete, bevor gesendet wurde: keine Verbindung zu Graph, oder das Portal wurde neu gestartet.
cause-r-not-sent-admin = Sehen Sie im Protokoll des Portals nach der Kennung der Zurücksetzung, und auf den Weg vom Portal zu Graph (TLS, Proxy, Namensauflösung).
cause-r-throttled-person = Microsoft ist sehr beschäftigt. Es wurde nichts gesendet. Bitte versuchen Sie es in einigen Minuten noch einmal.
cause-r-throttled-agent = Graph hat uns länger gebremst, als jemand warten sollte. Es wurde nichts gesendet.
cause-r-throttled-admin = 429 von Graph länger als reset.line_limit_seconds. Suchen Sie nach einer anderen App mit viel Last im Mandanten.
cause-r-operator-person = Das Portal konnte sich dafür nicht anmelden. Es wurde nichts geändert. Bitte rufen Sie den Helpdesk an.
cause-r-operator-agent = Die Anmeldung des Operators wurde nicht angenommen. Ein Administrator muss ihn neu verknüpfen.
cause-r-operator-admin = Verknüpfen Sie den Operator neu auf /admin/operator. Sehen Sie in den Anmeldeprotokollen seines Kontos nach, warum seine Berechtigung endete.
cause-r-denied-person = Microsoft schützt dieses Konto. Das Portal darf sein Kennwort nicht ändern. Bitte rufen Sie den Helpdesk an.
cause-r-denied-agent = Graph hat mit 403 geantwortet: ein privilegiertes Konto, oder die Rolle des Operators umfasst diese Person nicht.
cause-r-denied-admin = Vergleichen Sie Rollen (aktive und berechtigte), rollenzuweisbare Gruppen und Verwaltungseinheiten der Person mit dem Bereich des Operators.
cause-r-role-person = Das Portal hat das Recht dazu verloren. Es wurde nichts geändert. Bitte rufen Sie den Helpdesk an.
cause-r-role-agent = Der Operator hat keine Rolle, die Kennwörter zurücksetzen darf. Bis dahin sind alle betroffen.
cause-r-role-admin = Geben Sie dem Operator wieder Authentication Administrator, auf seine Verwaltungseinheit begrenzt, und verknüpfen Sie ihn auf /admin/operator.
cause-r-not-found-person = Microsoft kennt dieses Konto nicht mehr. Bitte rufen Sie den Helpdesk an.
cause-r-not-found-agent = Graph hat für diese Person mit 404 geantwortet.
cause-r-not-found-admin = Das Objekt wurde gelöscht oder liegt außerhalb der Verwaltungseinheit des Operators.
cause-r-rejected-person = Microsoft hat dieses Kennwort nicht angenommen. Wählen Sie ein anderes; geht auch das nicht, rufen Sie den Helpdesk an.
cause-r-rejected-agent = Graph hat den Auftrag abgelehnt; der Wortlaut ist bei dieser Zurücksetzung aufbewahrt.
cause-r-rejected-admin = Lesen Sie Fehlercode und request-id bei dieser Zurücksetzung.
cause-f-agent-offline-person = Der Kennwortdienst Ihrer Organisation hat nicht geantwortet. Es wurde nichts geändert. Bitte versuchen Sie es später noch einmal.
cause-f-agent-offline-agent = Kein Writeback-Agent hat geantwortet.
cause-f-agent-offline-admin = Sehen Sie auf dem Synchronisierungsserver nach: PasswordResetService-Ereignisse 31034, 31044, 32002, 6800; ausgehend 443 zu *.servicebus.windows.net und *.passwordreset.microsoftonline.com.
cause-f-admin-action-person = Ihr Konto ist in Ihrer Organisation besonders geschützt, das Portal darf es nicht ändern. Bitte rufen Sie den Helpdesk an.
cause-f-admin-action-agent = Der Writeback-Agent hat kein Recht, dieses Konto zu ändern.
cause-f-admin-action-admin = Ereignis 33004. AdminCount=1 oder eine geschützte Gruppe, oder dem Synchronisierungskonto fehlen auf der Domänenwurzel Reset password, Schreiben von lockoutTime, Schreiben von pwdLastSet; „Clients einschränken, die Remoteaufrufe an SAM ausführen dürfen“ muss es erlauben.
cause-f-disabled-person = Ihr Konto ist ausgeschaltet. Bitte rufen Sie den Helpdesk an.
cause-f-disabled-agent = Das Konto ist in AD deaktiviert.
cause-f-disabled-admin = Ereignis 33005. Aktivieren Sie das Konto in AD, wenn das richtig ist.
cause-f-locked-person = Ihr Konto ist gesperrt. Warten Sie eine Weile oder rufen Sie den Helpdesk an; entfernen Sie zuerst das alte Kennwort von Ihrem Telefon.
cause-f-locked-agent = Das Konto ist in AD gesperrt.
cause-f-locked-admin = Ereignis 33006. Suchen Sie die Quelle der Fehlversuche: Ereignis 4740 auf dem PDC-Emulator.
cause-f-expired-person = Ihr Konto ist abgelaufen. Bitte rufen Sie den Helpdesk an.
cause-f-expired-agent = Das Konto ist in AD abgelaufen.
cause-f-expired-admin = 00000701 von AD. Sehen Sie sich accountExpires an; verlängern Sie es, wenn die Person Zugang haben soll.
cause-f-several-person = Im Verzeichnis Ihrer Organisation passt mehr als ein Konto. Bitte rufen Sie den Helpdesk an.
cause-f-several-agent = Der Writeback-Agent hat mehrere Konten für diese Person gefunden.
cause-f-several-admin = Ereignis 33003 (oder 0x80230402, doppelter Anker). Eine Person, die in zwei Gesamtstrukturen aktiv ist, wird nicht unterstützt; sehen Sie sich die verbundenen Objekte im Metaverse an.
cause-f-not-enabled-person = Ihre Organisation hat das für Ihr Konto nicht eingeschaltet. Bitte rufen Sie den Helpdesk an.
cause-f-not-enabled-agent = Selbstbedienung oder Kennwort-Writeback ist für diese Person oder den Mandanten aus.
cause-f-not-enabled-admin = SSPR_0009 bis SSPR_0014. Sehen Sie in Entra unter Kennwortzurücksetzung nach: für wen aktiviert, lokale Integration und Lizenz (P1, P2 oder Business Premium).
cause-f-agent-trouble-person = Der Kennwortdienst Ihrer Organisation hatte selbst ein Problem. Es wurde nichts geändert. Bitte versuchen Sie es später noch einmal.
cause-f-agent-trouble-agent = Der Writeback-Agent hat mit einem eigenen Fehler geantwortet; der Wortlaut ist bei dieser Zurücksetzung aufbewahrt.
cause-f-agent-trouble-admin = PasswordResetService-Ereignisse 32000 bis 32016, 33001, 33009 auf dem Synchronisierungsserver. 32004 (Entschlüsselung): Writeback aus- und einschalten; hr=800700CE: das Kennwort des Synchronisierungskontos ist länger als 256 Zeichen; reservierte Zeichen in OU-Namen ergeben 33001.
cause-f-not-in-directory-person = Das Verzeichnis Ihrer Organisation kennt dieses Konto nicht. Bitte rufen Sie den Helpdesk an.
cause-f-not-in-directory-agent = Der Writeback-Agent hat die Person in AD nicht gefunden.
cause-f-not-in-directory-admin = Ereignis 33002 (oder 33003: mehrere). Prüfen Sie die verbundenen Objekte im Metaverse des Synchronisierungsservers.
cause-f-unrecognised-person = Microsoft nannte einen Grund, den wir nicht kennen. Wir suchen weiter nach Beweisen; versuchen Sie inzwischen das neue Kennwort, dann das alte.
cause-f-unrecognised-agent = Der Vorgang scheiterte mit einer Angabe, die nicht in unserer Liste steht; sie ist ganz bei dieser Zurücksetzung aufbewahrt.
cause-f-unrecognised-admin = Lesen Sie die Angabe bei dieser Zurücksetzung und das Anwendungsprotokoll des Synchronisierungsservers zu dieser Zeit.
cause-x-split-person = Ihre Organisation hat das neue Kennwort; Microsoft noch nicht. Das dauert ein paar Minuten.
cause-x-split-agent = OnPremisesSuccessCloudFailure: AD hat es, die Cloud folgt mit der Kennworthashsynchronisierung.
cause-x-split-admin = Prüfen Sie, dass die Kennworthashsynchronisierung läuft; die Cloud folgt binnen Minuten.
cause-x-cloud-only-person = Microsoft hat Ihr neues Kennwort, aber es kam nicht in Ihrer Organisation an.
cause-x-cloud-only-agent = Das Überwachungsprotokoll nennt keinen Writeback-Agent für diese Zurücksetzung einer synchronisierten Person.
cause-x-cloud-only-admin = OnPremisesAgent ist None: Writeback ist aus, oder kein Agent ist verbunden. Prüfen Sie die lokale Integration in Entra und den Synchronisierungsserver.
cause-u-no-answer-person = Ihr Kennwort wurde gesendet, und es kam keine Antwort. Vielleicht gilt es, vielleicht nicht.
cause-u-no-answer-agent = Der Auftrag wurde gesendet, und es kam keine Antwort.
cause-u-no-answer-admin = Graphs Antwort war 5xx, 408, abgeschnitten oder fehlte. Das Überwachungsprotokoll wird es sagen; das Portal sucht 24 Stunden weiter.
cause-u-crashed-person = Das Portal wurde unterbrochen, während Ihr Kennwort gesendet wurde. Vielleicht gilt es, vielleicht nicht.
cause-u-crashed-agent = Der Prozess des Portals endete zwischen Senden und Antwort.
cause-u-crashed-admin = Sehen Sie nach, warum der Prozess endete. Das Portal sucht 24 Stunden weiter nach Beweisen.
cause-u-lost-person = Microsoft hat Ihr Kennwort angenommen und konnte dann nicht sagen, was daraus wurde. Vielleicht gilt es, vielleicht nicht.
cause-u-lost-agent = Graph hat den Vorgang vergessen (404 länger als eine Minute).
cause-u-lost-admin = Sehen Sie im Überwachungsprotokoll nach dieser Person und Zeit.
cause-u-time-limit-person = Es dauert viel länger als üblich. Vielleicht gilt Ihr Kennwort, vielleicht nicht.
cause-u-time-limit-agent = Der Vorgang endete nicht innerhalb der Frist.
cause-u-time-limit-admin = Sehen Sie nach dem Zustand des Writeback-Agents; das Portal sucht 24 Stunden weiter nach Beweisen.

refusal-e-not-found-title = Diese Seite gibt es nicht
refusal-e-not-found-text = Oder sie ist nicht für Sie. Sind Sie einem Link zu einer Zurücksetzung gefolgt, melden Sie sich zuerst an und öffnen ihn dann noch einmal.
refusal-e-limit-title = Etwas zu oft
refusal-e-limit-text = Es wurde nichts gesendet. Bitte versuchen Sie es in { $wait } noch einmal.
refusal-e-unavailable-title = Gerade nicht möglich
refusal-e-unavailable-text = Wir erreichen etwas nicht, das wir brauchen. Es wurde nichts geändert.
refusal-e-unavailable-do = Bitte versuchen Sie es in einer Minute noch einmal.
refusal-e-internal-title = Hier ging etwas schief
refusal-e-internal-text = Das war unser Fehler. Mehr ist nicht geschehen.
refusal-e-internal-do = Bitte versuchen Sie es noch einmal. Bleibt es so, rufen Sie den Helpdesk an.
refusal-e-cross-site-title = Das kam von einer anderen Website
refusal-e-cross-site-text = Zu Ihrer Sicherheit ist nichts geschehen.
refusal-e-cross-site-do = Öffnen Sie das Portal selbst und versuchen Sie es dort.
refusal-e-timeout-title = Das dauerte zu lange
refusal-e-timeout-text = Wir warten nicht länger. Mehr ist nicht geschehen.
refusal-e-timeout-do = Bitte versuchen Sie es noch einmal.
refusal-e-bad-request-title = Das haben wir nicht verstanden
refusal-e-bad-request-text = Die Anfrage war unvollständig oder zu groß. Es ist nichts geschehen.

refusal-s-attempt-title = Bitte fangen Sie noch einmal an
refusal-s-attempt-text = Diese Anmeldung wurde in einem anderen Browser begonnen, war schon benutzt oder dauerte zu lange.
refusal-s-attempt-do = Kommt es wieder vor, erlauben Sie Cookies für diese Seite.
refusal-s-cancelled-title = Die Anmeldung wurde nicht beendet
refusal-s-cancelled-text = Es ist nichts geschehen. Sie können es jederzeit noch einmal versuchen.
refusal-s-cancelled-do = Hat Microsoft nach Ihrem Kennwort gefragt? Wählen Sie stattdessen „Andere Anmeldemöglichkeiten“.
refusal-s-not-assigned-title = Ihr Konto darf dieses Portal noch nicht benutzen
refusal-s-not-assigned-text = Wer es darf, entscheidet Ihre Organisation.
refusal-s-not-assigned-do = Rufen Sie den Helpdesk an und sagen Sie: AADSTS50105, nicht zugewiesen.
refusal-s-blocked-title = Microsoft hat Sie nicht hineingelassen
refusal-s-blocked-text = Ihre Organisation verlangt eine stärkere Anmeldung, ein anderes Gerät oder einen anderen Ort.
refusal-s-blocked-do = Versuchen Sie es mit Passkey, Sicherheitsschlüssel oder der Authenticator-App.
refusal-s-tenant-title = Das ist das Konto einer anderen Organisation
refusal-s-tenant-text = Dieses Portal ist nur für eine Organisation.
refusal-s-tenant-do = Melden Sie sich mit Ihrem Arbeitskonto an.
refusal-s-locked-title = Ihr Konto ist bei Microsoft gesperrt
refusal-s-locked-text = Zu viele Versuche mit falschem Kennwort, vielleicht durch Ihr Telefon.
refusal-s-locked-do = Entfernen Sie das alte Kennwort von Ihrem Telefon, warten Sie einige Minuten und versuchen Sie es ohne Kennwort.
refusal-s-disabled-title = Ihr Konto ist ausgeschaltet
refusal-s-disabled-text = Nur Ihre Organisation kann es wieder einschalten.
refusal-s-disabled-do = Rufen Sie den Helpdesk an.
refusal-s-setup-title = Das Portal ist nicht fertig eingerichtet
refusal-s-setup-text = Microsoft nimmt die Registrierung des Portals nicht an. Das ist nicht Ihr Fehler.
refusal-s-setup-do = Rufen Sie den Helpdesk an und sagen Sie: S-SETUP.
refusal-s-entra-title = Microsofts Anmeldung hat nicht wie erwartet geantwortet
refusal-s-entra-text = Es ist nichts geschehen.
refusal-s-entra-do = Bitte versuchen Sie es in einer Minute noch einmal.
refusal-s-forged-title = Dieser Anmeldung konnten wir nicht trauen
refusal-s-forged-text = Was von Microsoft zurückkam, hat unsere Prüfung nicht bestanden. Es ist nichts geschehen.
refusal-s-forged-do = Fangen Sie noch einmal an. Bleibt es so, sagen Sie dem Helpdesk: S-FORGED.
refusal-s-guest-title = Gäste können hier kein Kennwort zurücksetzen
refusal-s-guest-text = Ihr Kennwort gehört zu Ihrer Heimatorganisation.
refusal-s-guest-do = Setzen Sie es dort zurück.
refusal-s-password-title = Bitte melden Sie sich ohne Kennwort an
refusal-s-password-text = Das Portal muss Sie an etwas anderem erkennen als an dem vergessenen Kennwort.
refusal-s-password-do = Wählen Sie auf Microsofts Seite „Andere Anmeldemöglichkeiten“.
refusal-s-stale-title = Bitte melden Sie sich noch einmal an
refusal-s-stale-text = Ihre Anmeldung bei Microsoft ist dafür zu alt.
refusal-s-context-title = Diese Anmeldung ist nicht stark genug
refusal-s-context-text = Ein neues Kennwort braucht eine Anmeldung mit Passkey, Sicherheitsschlüssel, Authenticator-App oder befristetem Zugriffspass.
refusal-s-context-do = Wählen Sie auf Microsofts Seite „Andere Anmeldemöglichkeiten“.
refusal-s-policy-title = Zurücksetzen ist angehalten
refusal-s-policy-text = Wir können gerade nicht beweisen, dass man sich hier ohne Kennwort anmeldet. Bis dahin kann niemand zurücksetzen.
refusal-s-policy-do = Rufen Sie den Helpdesk an und sagen Sie: S-POLICY.
refusal-s-excluded-title = Ihr Konto ist nicht erfasst
refusal-s-excluded-text = Die Anmelderegel Ihrer Organisation gilt nicht für Ihr Konto, so können wir nicht sicher sein, dass Sie es sind.
refusal-s-excluded-do = Rufen Sie den Helpdesk an.
refusal-s-no-role-title = Keine Rolle für Mitarbeitende
refusal-s-no-role-text = Ihr Konto hat keine der Rollen dieses Portals.
refusal-s-no-role-do = Bitten Sie Ihren Administrator um eine Passback-Rolle.
refusal-s-somebody-else-title = Das war ein anderes Konto
refusal-s-somebody-else-text = Das Kennwort wurde für ein anderes Konto zurückgesetzt als das, das sich eben angemeldet hat. Es wurde nichts geändert.
refusal-s-somebody-else-do = Gehen Sie zurück zu Ihrer Zurücksetzung und melden Sie sich mit dem dort genannten Konto an.
refusal-s-not-staff-title = Für Administratoren
refusal-s-not-staff-text = Diese Seite braucht eine Anmeldung mit der Rolle Passback.Admin.
refusal-s-expired-title = Ihre Sitzung ist zu Ende
refusal-s-expired-text = Es wurde nichts gesendet. Melden Sie sich noch einmal an, um weiterzumachen.

refusal-l-yourself-title = Wählen Sie ein anderes Konto
refusal-l-yourself-text = Sie können nicht selbst der Operator sein: Microsoft lässt kein Konto sein eigenes Kennwort zurücksetzen.
refusal-l-global-admin-title = Kein Globaler Administrator
refusal-l-global-admin-text = Der Operator braucht so wenig Macht wie möglich. Nehmen Sie ein Konto mit der Rolle Authentication Administrator, auf eine Verwaltungseinheit begrenzt.
refusal-l-no-role-title = Die Rolle fehlt
refusal-l-no-role-text = Dieses Konto hat keine aktive Rolle, die Kennwörter zurücksetzen darf. Geben Sie ihm Authentication Administrator.
refusal-l-tenant-wide-title = Die Rolle umfasst den ganzen Mandanten
refusal-l-tenant-wide-text = Begrenzen Sie die Rolle auf eine Verwaltungseinheit, oder setzen Sie operator.tenant_wide = true, wenn Sie das wollen.
refusal-l-no-token-title = Keine dauerhafte Berechtigung
refusal-l-no-token-text = Microsoft gab kein Aktualisierungstoken. Erteilen Sie die Berechtigung offline_access und versuchen Sie es noch einmal.
refusal-l-nobody-title = Niemand wartet
refusal-l-nobody-text = Melden Sie zuerst den Operator an; zum Bestätigen haben Sie zehn Minuten.

stopped-g-paused-title = Zurücksetzen ist angehalten
stopped-g-paused-text = Ihre Organisation hat alles Zurücksetzen vorerst angehalten. Ihr altes Kennwort ist unverändert.
stopped-g-paused-do = Bitte versuchen Sie es später noch einmal, oder rufen Sie den Helpdesk an.
stopped-g-frozen-title = Das Zurücksetzen Ihres Kennworts ist gestoppt
stopped-g-frozen-text = Jemand hat uns gesagt, dass eine frühere Zurücksetzung Ihres Kennworts nicht die eigene war. Bis der Helpdesk nachgesehen hat, beginnt keine neue. Ihr Kennwort ist, wie es war.
stopped-g-frozen-do = Rufen Sie den Helpdesk an. Dort vergewissert man sich, dass Sie es sind, und gibt es wieder frei.
stopped-g-ceiling-title = Zurücksetzen ist angehalten
stopped-g-ceiling-text = Es gab ungewöhnlich viele Zurücksetzungen, darum hat das Portal sicherheitshalber angehalten. Ihr altes Kennwort ist unverändert.
stopped-g-ceiling-do = Der Helpdesk weiß Bescheid. Bitte versuchen Sie es später noch einmal.
stopped-g-operator-title = Zurücksetzen ist angehalten
stopped-g-operator-text = Das Portal kann sich gerade nicht bei Microsoft anmelden. Sie haben nichts verloren, und es ist nichts einzugeben.
stopped-g-operator-do = Ein Administrator muss den Operator neu verknüpfen. Bitte rufen Sie den Helpdesk an.
stopped-g-protected-title = Für Ihr Konto braucht es den Helpdesk
stopped-g-protected-text = Konten mit besonderen Rechten schützt Microsoft. Das Portal darf ihre Kennwörter nicht ändern.
stopped-g-protected-do = Rufen Sie den Helpdesk an; dort gibt es einen sicheren Weg dafür.
stopped-g-guest-title = Gäste können hier kein Kennwort zurücksetzen
stopped-g-guest-text = Ihr Kennwort gehört zu Ihrer Heimatorganisation.
stopped-g-expired-title = Ihr Konto ist abgelaufen
stopped-g-expired-text = Das Verzeichnis Ihrer Organisation sagt, dass dieses Konto abgelaufen ist. Ein neues Kennwort würde nicht helfen.
stopped-g-expired-do = Bitte rufen Sie den Helpdesk an.
stopped-g-protected-ad-title = Dieses Konto ist besonders geschützt
stopped-g-protected-ad-text = Das Verzeichnis Ihrer Organisation behandelt es als Administratorkonto. Kein Portal darf sein Kennwort ändern.
stopped-g-protected-ad-do = Bitte rufen Sie den Helpdesk an.
stopped-g-cannot-change-title = Ihr Kennwort kann nicht geändert werden
stopped-g-cannot-change-text = Das Verzeichnis Ihrer Organisation erlaubt es für dieses Konto nicht.
stopped-g-cannot-change-do = Bitte rufen Sie den Helpdesk an.
stopped-g-too-young-title = Ihr Kennwort wurde erst vor Kurzem geändert
stopped-g-too-young-text = Nach den Regeln Ihrer Organisation kann es ab { $time } wieder geändert werden. Vorher würde ein neues abgelehnt.
stopped-g-too-young-do = Können Sie nicht warten, rufen Sie den Helpdesk an.
stopped-g-disabled-title = Ihr Konto ist ausgeschaltet
stopped-g-disabled-text = Nur Ihre Organisation kann es wieder einschalten.
stopped-g-disabled-do = Rufen Sie den Helpdesk an.
stopped-g-cannot-check-title = Gerade nicht möglich
stopped-g-cannot-check-text = Microsoft beantwortet nicht, was wir zuerst wissen müssen. Ihr altes Kennwort ist unverändert.
stopped-g-cannot-check-do = Bitte versuchen Sie es in einer Minute noch einmal.

operator-title = Operator für das Zurücksetzen
operator-intro = Der Operator ist das eine Konto, über das Kennwörter zurückgesetzt werden. Er braucht die Rolle Authentication Administrator, begrenzt auf die Personen, die er zurücksetzen darf.
operator-none = Es ist kein Operator verknüpft. Bis dahin kann niemand zurücksetzen.
operator-works = Verknüpft und arbeitet
operator-trouble-token = Seine Berechtigung ist zu Ende. Verknüpfen Sie ihn neu.
operator-trouble-role = Er hat seine Rolle verloren. Geben Sie sie zurück und verknüpfen Sie ihn dann neu.
operator-account = Konto
operator-role = Rolle
operator-scope = Bereich
operator-linked = Verknüpft am
operator-refreshed = Zuletzt erneuert am
operator-link = Operator anmelden
operator-relink = Neu verknüpfen oder ersetzen
operator-link-hint = Sie werden zu Microsoft geschickt. Melden Sie sich dort als Operator an, nicht als Sie selbst.
operator-confirm-title = Dieses Konto zum Operator machen?
operator-confirm = Ja, zum Operator machen
operator-tenant-wide = Diese Rolle umfasst den ganzen Mandanten.

notice-subject = Ihr Kennwort bei { $organisation } wurde zurückgesetzt
notice-subject-unknown = Ihr Kennwort bei { $organisation } wurde vielleicht zurückgesetzt
notice-hello = Guten Tag { $name },
notice-what = für Ihr Konto bei { $organisation } wurde ein neues Kennwort gesetzt. Verlangt wurde es am { $time }.
notice-what-split = für Ihr Konto bei { $organisation } wird ein neues Kennwort gesetzt. Verlangt wurde es am { $time }; Ihr Computer kennt es vielleicht früher als Microsoft 365.
notice-what-cloud-only = für Ihr Konto bei { $organisation } wurde ein neues Kennwort gesetzt, bisher nur bei Microsoft. Verlangt wurde es am { $time }.
notice-what-unknown = für Ihr Konto bei { $organisation } wurde am { $time } ein neues Kennwort gesendet. Wir konnten noch nicht herausfinden, ob es gilt.
notice-reference = Vorgangsnummer: { $reference }
notice-was-me = Waren Sie es selbst? Dann ist nichts zu tun.
notice-not-me = Sie waren es nicht? Öffnen Sie diesen Link und drücken Sie den Knopf. Neue Zurücksetzungen Ihres Kennworts sind dann gestoppt, und der Helpdesk wird alarmiert. Der Link gilt 7 Tage.
notice-button = Das war ich nicht
notice-call = Oder rufen Sie den Helpdesk an: { $phone }
notice-never = In dieser Nachricht steht nie ein Kennwort, und niemand fragt Sie nach Ihrem.
notice-page-title = War diese Zurücksetzung nicht von Ihnen?
notice-page-text = Am { $time } wurde ein neues Kennwort verlangt, Vorgangsnummer { $reference }.
notice-page-effect = Wenn Sie das nicht waren, drücken Sie den Knopf. Neue Zurücksetzungen Ihres Kennworts sind dann gestoppt, und der Helpdesk wird alarmiert.
notice-page-button = Das war ich nicht
notice-page-was-me = Waren Sie es selbst? Dann schließen Sie diese Seite. Es wurde nichts geändert.
notice-done-title = Danke. Der Helpdesk ist alarmiert
notice-done-text = Der Helpdesk entscheidet, wann Ihr Kennwort hier wieder zurückgesetzt werden kann. Ihr Kennwort selbst wurde dadurch nicht geändert.
notice-done-call = Rufen Sie jetzt an: { $phone }. Man sorgt dafür, dass nur Sie sich anmelden können.
notice-done-call-desk = Rufen Sie jetzt Ihren Helpdesk an. Man sorgt dafür, dass nur Sie sich anmelden können.
