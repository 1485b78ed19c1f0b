# Simple, bienveillant, court. Dire ce qui s’est passé, puis ce qu’il faut faire. Ne jamais accuser.
# Les familles sont formées à partir de codes : cause-<code>-person|agent|admin, refusal-<code>-title|text|do, state-<state>-…,
# stopped-<code>-…, rule-<code>, rung-<name>.

site-title = Réinitialisation du mot de passe
skip-to-content = Aller au contenu
mark-emulated = Démonstration : le locataire Microsoft derrière cette page est simulé sur cette machine.
mark-other-hosts = Ce portail est configuré pour faire confiance à des hôtes qui n’appartiennent pas à Microsoft.
sign-out = Se déconnecter
language = Langue
language-switch = Changer
support-line = Besoin d’aide ? Appelez le { $phone }
signed-in-as = Session ouverte en tant que

span-seconds = { $n ->
    [one] { $n } seconde
    [many] { $n } de secondes
   *[other] { $n } secondes
}
span-minutes = { $n ->
    [one] { $n } minute
    [many] { $n } de minutes
   *[other] { $n } minutes
}
span-hours = { $n ->
    [one] { $n } heure
    [many] { $n } d’heures
   *[other] { $n } heures
}

moment = { $day ->
    [1] 1er
   *[other] { $day }
} { $month ->
    [1] janvier
    [2] février
    [3] mars
    [4] avril
    [5] mai
    [6] juin
    [7] juillet
    [8] août
    [9] septembre
    [10] octobre
    [11] novembre
   *[12] décembre
} { $year } à { $time }

button-start = Aller au début
button-sign-in-again = Se reconnecter
button-sign-in = Se connecter sans mon mot de passe

landing-title = Mot de passe oublié ?
landing-text = Connectez-vous autrement, choisissez un nouveau mot de passe et suivez son arrivée – de n’importe où, sans VPN.
landing-opens-on-password = La page de Microsoft demandera d’abord votre mot de passe
landing-choose-other = Ne le tapez pas. Choisissez « Autres façons de se connecter », puis l’une de celles-ci :
landing-method-passkey = Visage, empreinte digitale ou code PIN
landing-method-passkey-text = Une clé d’accès sur cet appareil ou sur votre téléphone
landing-method-key = Clé de sécurité
landing-method-key-text = Branchez-la ou approchez-la de votre téléphone
landing-method-phone = Application Authenticator
landing-method-phone-text = Confirmez le nombre sur votre téléphone
landing-method-pass = Passe d’accès temporaire
landing-method-pass-text = Un code donné par votre assistance
landing-back-title = De retour sans avoir terminé ?
landing-back-text = Cela arrive quand la page de Microsoft demande le mot de passe. Ne le tapez pas : en dessous se trouve « Autres façons de se connecter ».
landing-steps-title = Ce qui va se passer
landing-step-1 = Vous vous connectez chez Microsoft, sans votre mot de passe.
landing-step-2 = Vous choisissez ici un nouveau mot de passe.
landing-step-3 = Vous le voyez arriver dans votre organisation.

form-title = Choisir un nouveau mot de passe
form-for = Pour
home-cloud = Votre mot de passe se trouve dans le cloud Microsoft.
home-directory = Votre mot de passe se trouve dans { $domain }, vu pour la dernière fois il y a { $ago }.
home-directory-unsynced = Votre mot de passe se trouve dans { $domain }.
form-two-steps = Deux étapes : un nouveau mot de passe ici, puis Microsoft vous en demandera peut-être encore un autre.
form-locked = Votre compte est verrouillé à cause de mots de passe erronés. Avant de continuer, supprimez l’ancien mot de passe de votre téléphone, de la messagerie et du Wi-Fi : ils continuent de l’essayer.
form-locked-until = Il se déverrouillera tout seul à { $time }.
form-password = Nouveau mot de passe
form-again = Le même, encore une fois
form-show = Afficher
form-hide = Masquer
form-submit = Définir le nouveau mot de passe
form-rules = Votre mot de passe
form-whys = Pourquoi ces règles ?
form-only-microsoft = Microsoft vérifie aussi sa liste de mots de passe courants et les règles propres à votre organisation. Lui seul peut le faire ; vous verrez la réponse ici.
form-until = Veuillez terminer avant
form-unknown-title = Essayez d’abord le mot de passe de votre dernière réinitialisation
form-unknown-text = Nous n’avons pas pu savoir si elle a réussi. S’il ne vous donne pas accès, cochez cette case et choisissez-en un autre.
form-unknown-tick = Je l’ai essayé, et il ne fonctionne pas
form-unknown-link = Voir la dernière réinitialisation
form-expired-soon = Il reste moins de deux minutes. Si le temps est écoulé, vous vous reconnectez ; rien n’est perdu.

rule-length = Au moins { $n } caractères
rule-characters = Seulement des lettres A–Z, des chiffres, des espaces et des symboles courants
rule-classes = { $n } de ces éléments : minuscule, majuscule, chiffre, symbole
rule-name = Pas votre nom
rule-banned = Pas formé à partir de mots interdits
rule-strength = Difficile à deviner
rule-breach = Pas connu d’une fuite de données
rule-microsoft = Accepté par Microsoft
rule-length-why = La longueur protège plus que tout le reste.
rule-characters-why = Les autres fonctionnent chez Microsoft, puis échouent sur votre ordinateur, ou l’inverse.
rule-classes-why = L’annuaire de votre organisation le demande.
rule-name-why = C’est la première chose que l’on essaie, même écrite avec 0 pour o ou @ pour a.
rule-banned-why = Le nom de votre organisation et d’autres mots courants sont essayés avec toutes les terminaisons.
rule-strength-why = Les dates, les suites de touches du clavier et les mots connus se devinent en quelques minutes.
rule-breach-why = Les mots de passe volés un jour quelque part sont essayés partout.
rule-microsoft-why = Microsoft est interrogé lorsque vous envoyez le formulaire.
rule-microsoft-said = Microsoft répond :
rule-standing-pending = pas encore vérifiée
rule-standing-met = respectée
rule-standing-failed = non respectée
rule-standing-unchecked = n’a pas pu être vérifiée, autorisé

phrase-offer = Facile à retenir et assez long. Vous pouvez utiliser celui-ci :
phrase-use = Utiliser celui-ci
phrase-other = Un autre
phrase-used = C’est rempli. Notez-le ou enregistrez-le avant de continuer.

problem-empty = Veuillez taper un nouveau mot de passe. Rien n’a été envoyé.
problem-different = Les deux mots de passe ne sont pas identiques. Rien n’a été envoyé.
problem-rules = Ce mot de passe ne respecte pas toutes les règles ci-dessous. Rien n’a été envoyé.
problem-late = Trop de temps s’est écoulé depuis votre connexion. Rien n’a été envoyé. Veuillez vous reconnecter, puis définir votre mot de passe.
problem-try-first = Veuillez d’abord essayer le mot de passe de votre dernière réinitialisation. Rien n’a été envoyé.

timeline-reference = Référence
timeline-reference-hint = À donner si vous appelez l’assistance :
timeline-begun = Début à
timeline-took = Durée : { $span }.
timeline-usual = Durée habituelle : { $span }.
timeline-elapsed = Temps écoulé
timeline-line = Microsoft est très sollicité. Vous êtes au numéro { $n } dans la file ; rien n’a été perdu.
timeline-line-wait = Cela reprendra dans environ { $span }.
timeline-unused = Une réinitialisation était déjà en cours. Le mot de passe que vous venez de taper n’a pas été utilisé.
timeline-unasked = Microsoft n’a pas pu dire à l’avance s’il accepte ce mot de passe. Il décide maintenant.
timeline-steps = Le chemin de votre mot de passe
timeline-code = Code
timeline-again = Choisir un autre mot de passe
timeline-retry = Réessayer
timeline-reload = Cette page s’actualise toute seule.

state-sending-title = Envoi de votre nouveau mot de passe
state-sending-text = Il est en route vers Microsoft. Vous pouvez quitter cette page ; le travail continue.
state-writing-title = En route vers votre organisation
state-writing-text = Microsoft l’a pris et le transmet à votre organisation. Vous pouvez quitter cette page ; le travail continue.
state-written-title = Votre nouveau mot de passe est en place
state-written-text = Microsoft indique que votre nouveau mot de passe a été défini.
state-refused-title = Pas de changement
state-refused-do1 = Votre ancien mot de passe fonctionne toujours.
state-failed-title = Pas de changement
state-failed-do1 = Votre ancien mot de passe fonctionne toujours.
state-failed-do2 = Appelez l’assistance et donnez la référence. Elle voit ce que vous voyez, et pourquoi.
state-split-title = C’est presque fini
state-split-do1 = Utilisez dès maintenant le nouveau mot de passe pour votre ordinateur et le VPN.
state-split-do2 = Pour Microsoft 365, attendez quelques minutes. Ne lancez pas encore d’autre réinitialisation, s’il vous plaît.
state-cloud-only-title = Changé seulement chez Microsoft
state-cloud-only-do1 = Utilisez le nouveau mot de passe pour Microsoft 365 et l’ancien pour votre ordinateur et le VPN.
state-cloud-only-do2 = L’assistance a été prévenue. Appelez-la et donnez la référence.
state-unknown-title = Nous ne savons pas encore
state-unknown-do1 = Essayez d’abord le nouveau mot de passe.
state-unknown-do2 = S’il ne fonctionne pas, l’ancien fonctionne encore. Définissez-en alors un autre.
state-finished-title = Terminé
state-finished-text = Vous avez utilisé votre nouveau mot de passe. Il n’y a plus rien à faire ici.

rung-accepted = Pris en charge par Microsoft
rung-accepted-done = Votre demande est arrivée chez Microsoft.
rung-accepted-now = En attente de la prise en charge par Microsoft.
rung-accepted-ahead = Vient en premier.
rung-accepted-bad = Microsoft n’a pas indiqué l’avoir pris en charge.
rung-written = Défini, selon Microsoft
rung-written-done = Le mot de passe est en place, selon Microsoft.
rung-written-now = En attente de la réponse de Microsoft.
rung-written-ahead = Vient ensuite.
rung-written-off = Cette étape n’a pas été atteinte.
rung-written-bad = Microsoft ne l’a pas indiqué.
rung-carried = Transmis à votre organisation
rung-carried-done = Transmis par { $agent }, selon le journal de Microsoft.
rung-carried-now = Le journal de Microsoft dira qui l’a transmis. Il peut arriver avec quelques minutes de retard.
rung-carried-ahead = Vient en dernier ; le journal de Microsoft dit qui l’a transmis.
rung-carried-off = Cette étape n’a pas été atteinte, à notre connaissance.
rung-carried-bad = Le journal de Microsoft ne montre pas qu’il ait été transmis.

rung-works = Vous vous connectez avec ce mot de passe
rung-works-done = Microsoft a vu votre choix définitif. C’est ce mot de passe qui compte.
rung-works-now = Connectez-vous une fois avec ce mot de passe. Microsoft en demandera peut-être un autre ; c’est alors celui-là qui compte.
rung-works-ahead = Vient en dernier, et c’est à vous : vous vous connectez une fois avec ce mot de passe.
rung-works-off = Cette étape n’a pas été atteinte.

care-title = Ce qu’il reste à faire
care-question = Pouvez-vous ouvrir votre ordinateur portable maintenant ?
care-inside = Oui, j’y ai accès
care-outside = Non, je n’y ai pas accès
care-change = Changer ma réponse sur l’ordinateur portable
care-by-itself = Votre ordinateur portable prend le nouveau mot de passe tout seul dès qu’il est en ligne.
care-done = fait
care-open = encore à faire
care-phone-first-title = D’abord : supprimez l’ancien mot de passe de votre téléphone
care-phone-first-text = Votre compte a été verrouillé parce que quelque chose continue d’essayer l’ancien mot de passe. Avant toute chose, ouvrez la messagerie et le Wi-Fi sur votre téléphone et tapez le nouveau.
care-phone-title = Tapez-le sur votre téléphone
care-phone-text = La messagerie et le Wi-Fi y essaient encore l’ancien mot de passe, ce qui peut verrouiller votre compte.
care-get-in-title = Ouvrir votre ordinateur portable
care-get-in-text = Utilisez le code PIN, le visage ou l’empreinte que vous y utilisez déjà ; ils fonctionnent toujours. Sinon, essayez l’ancien mot de passe : hors du réseau de votre organisation, il ouvre encore l’ordinateur. Si la page de connexion propose le VPN, connectez-vous-y d’abord et utilisez le nouveau. Ou allez au bureau, ou appelez l’assistance.
care-lock-unlock-title = Apprendre le nouveau mot de passe à votre ordinateur portable
care-lock-unlock-text = Connectez le VPN, ou soyez au bureau. Verrouillez ensuite l’écran (touche Windows et L) et déverrouillez-le avec le nouveau mot de passe.
care-wifi-title = Tapez-le dans le Wi-Fi de votre organisation
care-wifi-text = Là où le Wi-Fi demande votre nom et votre mot de passe : oubliez le réseau, rejoignez-le à nouveau et utilisez le nouveau mot de passe.
care-signout = Quelqu’un d’autre a peut-être eu accès ?
care-signout-text = Vous pouvez vous déconnecter partout. Microsoft 365 demandera alors le nouveau mot de passe sur chaque appareil, en quelques minutes, au plus tard après une heure. Les codes PIN et les clés d’accès restent.
care-signout-button = Se déconnecter partout
care-signed-out = Déconnexion de partout demandée à { $time }. Elle prend effet en quelques minutes, au plus tard après une heure.

finish-title = Encore une étape : connectez-vous avec ce mot de passe
finish-title-unknown = Essayez : connectez-vous avec le nouveau mot de passe
finish-text = Microsoft s’ouvre. Tapez le nouveau mot de passe. S’il vous est demandé d’en choisir un autre, c’est celui-là qui compte désormais, partout.
finish-button = Se connecter avec le nouveau mot de passe
finish-asking = Bon retour parmi nous. Nous demandons à Microsoft si votre mot de passe a été changé. Cela prend jusqu’à une minute.
finish-unchanged = Vous voilà de retour, mais Microsoft n’a pas vu de changement de votre mot de passe. S’il n’en a pas demandé, tout va bien. Si la connexion s’est faite d’une autre façon, veuillez réessayer avec le nouveau mot de passe.

cause-r-policy-person = Les règles de votre organisation n’autorisent pas ce mot de passe : il est peut-être trop court, trop simple, déjà utilisé ou changé trop récemment. Choisissez-en un autre.
cause-r-policy-agent = AD a refusé le mot de passe : longueur, complexité, historique ou durée de vie minimale.
cause-r-policy-admin = 0000052D d’AD. Serveur de synchronisation : événement ADSync 6329 (0x80230619), PasswordResetService 33008 après 31011. Examinez la stratégie de mot de passe du domaine ou la stratégie affinée, surtout la durée de vie minimale du mot de passe.
cause-r-banned-person = Ce mot de passe est trop facile à deviner : il contient un mot courant ou interdit, ou votre nom. Choisissez-en un autre.
cause-r-banned-agent = La liste de mots de passe interdits d’Entra l’a refusé.
cause-r-banned-admin = FuzzyPolicyViolationInvalidPassword. Examinez Méthodes d’authentification, Protection par mot de passe : la liste personnalisée de mots de passe interdits, et ce que journalisent les agents DC.
cause-r-not-sent-person = Quelque chose nous a interrompus avant l’envoi de votre mot de passe. Veuillez le définir à nouveau.
cause-r-not-sent-agent = Arrêt avant l’envoi : pas de connexion à Graph, ou redémarrage du portail.
cause-r-not-sent-admin = Cherchez l’identifiant de la réinitialisation dans le journal du portail, et examinez le chemin du portail à Graph (TLS, proxy, résolution de noms).
cause-r-throttled-person = Microsoft est très sollicité. Rien n’a été envoyé. Veuillez réessayer dans quelques minutes.
cause-r-throttled-agent = Graph nous a limités plus longtemps qu’une personne ne devrait attendre. Rien n’a été envoyé.
cause-r-throttled-admin = 429 de Graph au-delà de reset.line_limit_seconds. Cherchez une autre application à forte charge dans le locataire.
cause-r-operator-person = Le portail n’a pas pu se connecter pour le faire. Rien n’a été changé. Veuillez appeler l’assistance.
cause-r-operator-agent = La connexion de l’opérateur de réinitialisation n’a pas été acceptée. L’administration doit l’associer à nouveau.
cause-r-operator-admin = Associez à nouveau l’opérateur sur /admin/operator. Cherchez pourquoi son autorisation a pris fin : journaux de connexion du compte de l’opérateur.
cause-r-denied-person = Microsoft protège ce compte. Le portail ne peut pas changer son mot de passe. Veuillez appeler l’assistance.
cause-r-denied-agent = Graph a répondu 403 : un compte privilégié, ou le rôle de l’opérateur ne couvre pas cette personne.
cause-r-denied-admin = Comparez les rôles de la personne (actifs et éligibles), les groupes auxquels des rôles peuvent être attribués et les unités administratives à l’étendue de l’opérateur.
cause-r-role-person = Le portail a perdu le droit de le faire. Rien n’a été changé. Veuillez appeler l’assistance.
cause-r-role-agent = L’opérateur de réinitialisation n’a aucun rôle permettant de réinitialiser des mots de passe. Tout le monde est concerné jusqu’à ce qu’il en ait un.
cause-r-role-admin = Redonnez à l’opérateur le rôle Administrateur d’authentification, limité à son unité administrative, et associez-le sur /admin/operator.
cause-r-not-found-person = Microsoft ne connaît plus ce compte. Veuillez appeler l’assistance.
cause-r-not-found-agent = Graph a répondu 404 pour cette personne.
cause-r-not-found-admin = L’objet a été supprimé ou se trouve hors de l’unité administrative de l’opérateur.
cause-r-rejected-person = Microsoft n’a pas accepté ce mot de passe. Choisissez-en un autre ; si cela échoue aussi, appelez l’assistance.
cause-r-rejected-agent = Graph a refusé la demande ; ses propres mots sont conservés avec cette réinitialisation.
cause-r-rejected-admin = Lisez le code d’erreur et l’identifiant de demande conservés avec cette réinitialisation.
cause-f-agent-offline-person = Le service de mots de passe de votre organisation n’a pas répondu. Rien n’a été changé. Veuillez réessayer plus tard.
cause-f-agent-offline-agent = Aucun agent d’écriture différée (writeback) n’a répondu.
cause-f-agent-offline-admin = Examinez le serveur de synchronisation : événements PasswordResetService 31034, 31044, 32002, 6800 ; sortie 443 vers *.servicebus.windows.net et *.passwordreset.microsoftonline.com.
cause-f-admin-action-person = Votre compte est spécialement protégé dans votre organisation, le portail ne peut donc pas le modifier. Veuillez appeler l’assistance.
cause-f-admin-action-agent = L’agent d’écriture différée (writeback) n’a pas le droit de modifier ce compte.
cause-f-admin-action-admin = Événement 33004. AdminCount=1 ou un groupe protégé, ou il manque au compte de synchronisation, à la racine du domaine, « Réinitialiser le mot de passe », l’écriture de lockoutTime ou l’écriture de pwdLastSet ; la stratégie « Restrict clients allowed to make remote calls to SAM » doit l’autoriser.
cause-f-disabled-person = Votre compte est désactivé. Veuillez appeler l’assistance.
cause-f-disabled-agent = Le compte est désactivé dans AD.
cause-f-disabled-admin = Événement 33005. Activez le compte dans AD s’il doit l’être.
cause-f-locked-person = Votre compte est verrouillé. Attendez un moment ou appelez l’assistance ; supprimez d’abord l’ancien mot de passe de votre téléphone.
cause-f-locked-agent = Le compte est verrouillé dans AD.
cause-f-locked-admin = Événement 33006. Cherchez la source des tentatives erronées : événement 4740 sur l’émulateur PDC.
cause-f-expired-person = Votre compte a expiré. Veuillez appeler l’assistance.
cause-f-expired-agent = Le compte a expiré dans AD.
cause-f-expired-admin = 00000701 d’AD. Examinez accountExpires ; prolongez-le si la personne doit avoir accès.
cause-f-several-person = L’annuaire de votre organisation contient plus d’un compte qui correspond. Veuillez appeler l’assistance.
cause-f-several-agent = L’agent d’écriture différée (writeback) a trouvé plusieurs comptes pour cette personne.
cause-f-several-admin = Événement 33003 (ou 0x80230402, ancre en double). Une personne activée dans deux forêts n’est pas prise en charge ; examinez les objets joints dans le métaverse.
cause-f-not-enabled-person = Votre organisation n’a pas activé cette fonction pour votre compte. Veuillez appeler l’assistance.
cause-f-not-enabled-agent = La réinitialisation en libre-service ou l’écriture différée des mots de passe est désactivée pour cette personne ou pour le locataire.
cause-f-not-enabled-admin = SSPR_0009 à SSPR_0014. Examinez Réinitialisation du mot de passe dans Entra : pour qui elle est activée, Intégration locale, et la licence (P1, P2 ou Business Premium).
cause-f-agent-trouble-person = Le service de mots de passe de votre organisation a eu lui-même un problème. Rien n’a été changé. Veuillez réessayer plus tard.
cause-f-agent-trouble-agent = L’agent d’écriture différée (writeback) a répondu par une erreur interne ; ses mots sont conservés avec cette réinitialisation.
cause-f-agent-trouble-admin = Événements PasswordResetService 32000 à 32016, 33001, 33009 sur le serveur de synchronisation. 32004 (déchiffrement) : désactivez puis réactivez l’écriture différée ; hr=800700CE : le mot de passe du compte de synchronisation dépasse 256 caractères ; des caractères réservés dans les noms d’OU donnent 33001.
cause-f-not-in-directory-person = L’annuaire de votre organisation ne connaît pas ce compte. Veuillez appeler l’assistance.
cause-f-not-in-directory-agent = L’agent d’écriture différée (writeback) n’a pas trouvé la personne dans AD.
cause-f-not-in-directory-admin = Événement 33002 (ou 33003 : plusieurs). Vérifiez les objets joints dans le métaverse du serveur de synchronisation.
cause-f-unrecognised-person = Microsoft a donné une raison que nous ne connaissons pas. Nous continuons à chercher une preuve ; en attendant, essayez le nouveau mot de passe, puis l’ancien.
cause-f-unrecognised-agent = L’opération a échoué avec un détail qui n’est pas dans notre liste ; il est conservé en entier avec cette réinitialisation.
cause-f-unrecognised-admin = Lisez le détail conservé avec cette réinitialisation et le journal Application du serveur de synchronisation à ce moment-là.
cause-x-split-person = Votre organisation a le nouveau mot de passe ; Microsoft pas encore. Cela prend quelques minutes.
cause-x-split-agent = OnPremisesSuccessCloudFailure : AD l’a, le cloud suit avec la synchronisation de hachage du mot de passe.
cause-x-split-admin = Vérifiez que la synchronisation de hachage du mot de passe fonctionne ; le cloud suit en quelques minutes.
cause-x-cloud-only-person = Microsoft a votre nouveau mot de passe, mais il n’est pas arrivé dans votre organisation.
cause-x-cloud-only-agent = Le journal d’audit ne nomme aucun agent d’écriture différée (writeback) pour cette réinitialisation d’une personne synchronisée.
cause-x-cloud-only-admin = OnPremisesAgent vaut None : l’écriture différée est désactivée ou aucun agent n’est connecté. Vérifiez Intégration locale dans Entra et le serveur de synchronisation.
cause-u-no-answer-person = Votre mot de passe a été envoyé, et aucune réponse n’est revenue. Il est peut-être en place, peut-être pas.
cause-u-no-answer-agent = La demande a été envoyée et aucune réponse n’est arrivée.
cause-u-no-answer-admin = La réponse de Graph était 5xx, 408, coupée ou absente. Le journal d’audit le dira ; le portail continue de chercher pendant 24 heures.
cause-u-crashed-person = Le portail a été interrompu pendant l’envoi de votre mot de passe. Il est peut-être en place, peut-être pas.
cause-u-crashed-agent = Le processus du portail s’est arrêté entre l’envoi et la réponse.
cause-u-crashed-admin = Cherchez pourquoi le processus s’est arrêté. Le portail continue de chercher des preuves pendant 24 heures.
cause-u-lost-person = Microsoft a pris votre mot de passe, puis n’a pas pu dire ce qu’il est devenu. Il est peut-être en place, peut-être pas.
cause-u-lost-agent = Graph a oublié l’opération (404 pendant plus d’une minute).
cause-u-lost-admin = Examinez le journal d’audit de l’annuaire pour cette personne et ce moment.
cause-u-time-limit-person = Cela prend beaucoup plus de temps que d’habitude. Votre mot de passe est peut-être en place, peut-être pas.
cause-u-time-limit-agent = L’opération ne s’est pas terminée dans le délai.
cause-u-time-limit-admin = Examinez l’état de l’agent d’écriture différée (writeback) ; le portail continue de chercher des preuves pendant 24 heures.

refusal-e-not-found-title = Cette page n’existe pas
refusal-e-not-found-text = Ou elle ne vous est pas destinée. Si vous avez suivi un lien vers une réinitialisation, connectez-vous d’abord et ouvrez-le à nouveau.
refusal-e-limit-title = Un peu trop souvent
refusal-e-limit-text = Rien n’a été envoyé. Veuillez réessayer dans { $wait }.
refusal-e-unavailable-title = Indisponible pour le moment
refusal-e-unavailable-text = Nous n’arrivons pas à joindre quelque chose dont nous avons besoin. Rien n’a été changé.
refusal-e-unavailable-do = Veuillez réessayer dans une minute.
refusal-e-internal-title = Un problème est survenu ici
refusal-e-internal-text = C’était notre erreur. Rien de plus n’a été fait.
refusal-e-internal-do = Veuillez réessayer. Si cela continue, appelez l’assistance.
refusal-e-cross-site-title = Cela venait d’un autre site web
refusal-e-cross-site-text = Pour votre sécurité, rien n’a été fait.
refusal-e-cross-site-do = Ouvrez vous-même le portail et réessayez là.
refusal-e-timeout-title = Cela a pris trop de temps
refusal-e-timeout-text = Nous avons cessé d’attendre. Rien de plus n’a été fait.
refusal-e-timeout-do = Veuillez réessayer.
refusal-e-bad-request-title = Nous n’avons pas compris
refusal-e-bad-request-text = La demande n’était pas complète, ou trop volumineuse. Rien n’a été fait.

refusal-s-attempt-title = Veuillez recommencer
refusal-s-attempt-text = Cette connexion a été commencée dans un autre navigateur, a déjà servi ou a pris trop de temps.
refusal-s-attempt-do = Si cela se reproduit, autorisez les cookies pour ce site.
refusal-s-cancelled-title = La connexion n’a pas été terminée
refusal-s-cancelled-text = Il ne s’est rien passé. Vous pouvez réessayer quand vous voulez.
refusal-s-cancelled-do = Microsoft a demandé votre mot de passe ? Choisissez plutôt « Autres façons de se connecter ».
refusal-s-not-assigned-title = Votre compte ne peut pas encore utiliser ce portail
refusal-s-not-assigned-text = Votre organisation décide qui peut l’utiliser.
refusal-s-not-assigned-do = Appelez l’assistance et dites : AADSTS50105, non attribué.
refusal-s-blocked-title = Microsoft n’a pas autorisé la connexion
refusal-s-blocked-text = Votre organisation demande une connexion plus forte, ou un autre appareil ou lieu.
refusal-s-blocked-do = Réessayez avec une clé d’accès, une clé de sécurité ou l’application Authenticator.
refusal-s-tenant-title = C’est le compte d’une autre organisation
refusal-s-tenant-text = Ce portail est réservé à une seule organisation.
refusal-s-tenant-do = Connectez-vous avec votre compte professionnel.
refusal-s-locked-title = Votre compte est verrouillé chez Microsoft
refusal-s-locked-text = Trop d’essais avec un mot de passe erroné, peut-être par votre téléphone.
refusal-s-locked-do = Supprimez l’ancien mot de passe de votre téléphone, attendez quelques minutes et réessayez sans mot de passe.
refusal-s-disabled-title = Votre compte est désactivé
refusal-s-disabled-text = Seule votre organisation peut le réactiver.
refusal-s-disabled-do = Appelez l’assistance.
refusal-s-setup-title = Le portail n’est pas entièrement configuré
refusal-s-setup-text = Microsoft n’accepte pas l’inscription du portail lui-même. Vous n’y êtes pour rien.
refusal-s-setup-do = Appelez l’assistance et dites : S-SETUP.
refusal-s-entra-title = La connexion Microsoft n’a pas répondu comme prévu
refusal-s-entra-text = Il ne s’est rien passé.
refusal-s-entra-do = Veuillez réessayer dans une minute.
refusal-s-forged-title = Nous n’avons pas pu faire confiance à cette connexion
refusal-s-forged-text = Ce qui est revenu de Microsoft n’a pas passé nos vérifications. Rien n’a été fait.
refusal-s-forged-do = Recommencez. Si cela continue, dites à l’assistance : S-FORGED.
refusal-s-guest-title = Les invités ne peuvent pas réinitialiser de mot de passe ici
refusal-s-guest-text = Votre mot de passe dépend de votre organisation d’origine.
refusal-s-guest-do = Réinitialisez-le là-bas.
refusal-s-password-title = Veuillez vous connecter sans votre mot de passe
refusal-s-password-text = Le portail doit vous reconnaître par autre chose que le mot de passe oublié.
refusal-s-password-do = Choisissez « Autres façons de se connecter » sur la page de Microsoft.
refusal-s-stale-title = Veuillez vous connecter encore une fois
refusal-s-stale-text = Votre connexion chez Microsoft est trop ancienne pour cela.
refusal-s-context-title = Cette connexion n’est pas assez forte
refusal-s-context-text = Un nouveau mot de passe demande une connexion avec une clé d’accès, une clé de sécurité, l’application Authenticator ou un Passe d’accès temporaire.
refusal-s-context-do = Choisissez « Autres façons de se connecter » sur la page de Microsoft.
refusal-s-policy-title = Les réinitialisations sont suspendues
refusal-s-policy-text = Nous ne pouvons pas prouver pour le moment que l’on se connecte ici sans mot de passe. D’ici là, personne ne peut réinitialiser.
refusal-s-policy-do = Appelez l’assistance et dites : S-POLICY.
refusal-s-excluded-title = Votre compte n’est pas couvert
refusal-s-excluded-text = La règle de connexion de votre organisation ne s’applique pas à votre compte, nous ne pouvons donc pas être sûrs que c’est bien vous.
refusal-s-excluded-do = Appelez l’assistance.
refusal-s-no-role-title = Aucun rôle d’assistance ou d’administration
refusal-s-no-role-text = Votre compte n’a aucun des rôles d’assistance ou d’administration du portail.
refusal-s-no-role-do = Demandez un rôle Passback à votre administrateur.
refusal-s-somebody-else-title = C’était le compte de quelqu’un d’autre
refusal-s-somebody-else-text = Le mot de passe a été réinitialisé pour un autre compte que celui qui vient de se connecter. Rien n’a été changé.
refusal-s-somebody-else-do = Revenez à votre réinitialisation et connectez-vous avec le compte qui y est nommé.
refusal-s-not-staff-title = Pour le personnel ayant le bon rôle
refusal-s-not-staff-text = Cette page demande une connexion du personnel avec un rôle qui l’autorise.
refusal-s-network-title = Pas depuis ce réseau
refusal-s-network-text = Les pages du personnel ne s’ouvrent que depuis les réseaux prévus par votre organisation.
refusal-s-expired-title = Votre session est terminée
refusal-s-expired-text = Rien n’a été envoyé. Reconnectez-vous pour continuer.

refusal-l-yourself-title = Choisissez un autre compte
refusal-l-yourself-text = Vous ne pouvez pas être vous-même l’opérateur : Microsoft ne laisse jamais un compte réinitialiser son propre mot de passe.
refusal-l-global-admin-title = Pas d’Administrateur général
refusal-l-global-admin-text = L’opérateur a besoin d’aussi peu de pouvoir que possible. Utilisez un compte ayant le rôle Administrateur d’authentification, limité à une unité administrative.
refusal-l-no-role-title = Le rôle manque
refusal-l-no-role-text = Ce compte n’a aucun rôle actif permettant de réinitialiser des mots de passe. Donnez-lui le rôle Administrateur d’authentification.
refusal-l-tenant-wide-title = Le rôle couvre tout le locataire
refusal-l-tenant-wide-text = Limitez le rôle à une unité administrative, ou définissez operator.tenant_wide = true si c’est voulu.
refusal-l-no-token-title = Pas d’autorisation durable
refusal-l-no-token-text = Microsoft n’a pas donné de jeton d’actualisation. Accordez l’autorisation offline_access et réessayez.
refusal-l-nobody-title = Personne n’attend
refusal-l-nobody-text = Connectez d’abord l’opérateur ; vous avez dix minutes pour confirmer.

stopped-g-paused-title = Les réinitialisations sont suspendues
stopped-g-paused-text = Votre organisation a suspendu toutes les réinitialisations pour l’instant. Votre ancien mot de passe est inchangé.
stopped-g-paused-do = Veuillez réessayer plus tard, ou appeler l’assistance.
stopped-g-ceiling-title = Les réinitialisations sont suspendues
stopped-g-ceiling-text = Il y a eu un nombre inhabituel de réinitialisations, le portail s’est donc arrêté par sécurité. Votre ancien mot de passe est inchangé.
stopped-g-ceiling-do = L’assistance a été prévenue. Veuillez réessayer plus tard.
stopped-g-operator-title = Les réinitialisations sont suspendues
stopped-g-operator-text = Le portail ne peut pas se connecter à Microsoft pour le moment. Vous n’avez rien perdu, et il n’y a rien à taper.
stopped-g-operator-do = L’administration doit associer à nouveau l’opérateur. Veuillez appeler l’assistance.
stopped-g-protected-title = Pour votre compte, il faut l’assistance
stopped-g-protected-text = Les comptes ayant des droits particuliers sont protégés par Microsoft. Le portail ne peut pas changer leurs mots de passe.
stopped-g-protected-do = Appelez l’assistance ; elle a un moyen sûr de le faire.
stopped-g-guest-title = Les invités ne peuvent pas réinitialiser de mot de passe ici
stopped-g-guest-text = Votre mot de passe dépend de votre organisation d’origine.
stopped-g-expired-title = Votre compte a expiré
stopped-g-expired-text = L’annuaire de votre organisation indique que ce compte a expiré. Un nouveau mot de passe n’aiderait pas.
stopped-g-expired-do = Veuillez appeler l’assistance.
stopped-g-protected-ad-title = Ce compte est spécialement protégé
stopped-g-protected-ad-text = L’annuaire de votre organisation le traite comme un compte d’administrateur. Aucun portail ne peut changer son mot de passe.
stopped-g-protected-ad-do = Veuillez appeler l’assistance.
stopped-g-cannot-change-title = Votre mot de passe ne peut pas être changé
stopped-g-cannot-change-text = L’annuaire de votre organisation ne l’autorise pas pour ce compte.
stopped-g-cannot-change-do = Veuillez appeler l’assistance.
stopped-g-too-young-title = Votre mot de passe a été changé tout récemment
stopped-g-too-young-text = Les règles de votre organisation permettent de le changer à nouveau après le { $time }. D’ici là, un nouveau serait refusé.
stopped-g-too-young-do = Si vous ne pouvez pas attendre, appelez l’assistance.
stopped-g-disabled-title = Votre compte est désactivé
stopped-g-disabled-text = Seule votre organisation peut le réactiver.
stopped-g-disabled-do = Appelez l’assistance.
stopped-g-cannot-check-title = Indisponible pour le moment
stopped-g-cannot-check-text = Microsoft ne répond pas à ce que nous devons savoir d’abord. Votre ancien mot de passe est inchangé.
stopped-g-cannot-check-do = Veuillez réessayer dans une minute.

operator-title = Opérateur de réinitialisation
operator-intro = L’opérateur est le seul compte par lequel les mots de passe sont réinitialisés. Il a besoin du rôle Administrateur d’authentification, limité aux personnes dont il peut réinitialiser le mot de passe.
operator-none = Aucun opérateur n’est associé. D’ici là, personne ne peut réinitialiser.
operator-works = Associé et opérationnel
operator-trouble-token = Son autorisation a pris fin. Associez-le à nouveau.
operator-trouble-role = Il a perdu son rôle. Redonnez-lui le rôle, puis associez-le à nouveau.
operator-trouble-relink = Microsoft lui demande de se reconnecter, et les réinitialisations attendent. Associez-le à nouveau.
operator-account = Compte
operator-role = Rôle
operator-scope = Étendue
operator-linked = Associé le
operator-refreshed = Dernier renouvellement le
operator-link = Connecter l’opérateur
operator-relink = Associer à nouveau ou remplacer
operator-link-hint = Vous allez passer sur la page de Microsoft. Connectez-vous là-bas en tant qu’opérateur, pas avec votre propre compte.
operator-confirm-title = Faire de ce compte l’opérateur ?
operator-confirm = Oui, en faire l’opérateur
operator-tenant-wide = Ce rôle couvre tout le locataire.

stopped-g-frozen-title = Les réinitialisations de votre mot de passe sont arrêtées
stopped-g-frozen-text = Quelqu’un nous a signalé qu’une réinitialisation précédente de votre mot de passe n’était pas la sienne. Aucune nouvelle ne commence avant la vérification de l’assistance. Votre mot de passe n’a pas changé.
stopped-g-frozen-do = Appelez l’assistance. Elle s’assurera que c’est bien vous, puis rouvrira l’accès.

notice-subject = Votre mot de passe chez { $organisation } a été réinitialisé
notice-subject-unknown = Votre mot de passe chez { $organisation } a peut-être été réinitialisé
notice-hello = Bonjour { $name },
notice-what = Un nouveau mot de passe a été défini pour votre compte chez { $organisation }. La demande date du { $time }.
notice-what-split = Un nouveau mot de passe est en cours de mise en place pour votre compte chez { $organisation }. La demande date du { $time } ; votre ordinateur peut le connaître avant Microsoft 365.
notice-what-cloud-only = Un nouveau mot de passe a été défini pour votre compte chez { $organisation }, pour l’instant seulement chez Microsoft. La demande date du { $time }.
notice-what-unknown = Un nouveau mot de passe a été envoyé pour votre compte chez { $organisation } le { $time }. Nous n’avons pas encore pu savoir s’il est en place.
notice-reference = Référence : { $reference }
notice-was-me = C’était vous ? Alors il n’y a rien à faire.
notice-not-me = Ce n’était pas vous ? Ouvrez ce lien et appuyez sur le bouton. Les nouvelles réinitialisations de votre mot de passe sont alors arrêtées et l’assistance est alertée. Le lien est valable 7 jours.
notice-button = Ce n’était pas moi
notice-call = Ou appelez l’assistance : { $phone }
notice-never = Ce message ne contient jamais de mot de passe, et personne ne vous demandera le vôtre.
notice-page-title = Cette réinitialisation n’était pas de vous ?
notice-page-text = Un nouveau mot de passe a été demandé le { $time }, référence { $reference }.
notice-page-effect = Si ce n’était pas vous, appuyez sur le bouton. Les nouvelles réinitialisations de votre mot de passe sont alors arrêtées et l’assistance est alertée.
notice-page-button = Ce n’était pas moi
notice-page-was-me = C’était vous ? Fermez cette page. Rien n’a été changé.
notice-done-title = Merci. L’assistance est alertée
notice-done-text = L’assistance décide quand votre mot de passe pourra de nouveau être réinitialisé ici. Cela n’a pas changé votre mot de passe lui-même.
notice-done-call = Appelez maintenant : { $phone }. L’assistance fera en sorte que personne d’autre ne puisse se connecter.
notice-done-call-desk = Appelez maintenant votre assistance. Elle fera en sorte que personne d’autre ne puisse se connecter.

desk-nav = Pages du personnel
desk-nav-resets = Réinitialisations
desk-nav-insights = Aperçu
desk-nav-operator = Opérateur
desk-title = Réinitialisations
desk-find = Nom, nom d’utilisateur, référence ou ticket
desk-find-hint = Le début de chaque mot suffit : « an mu » trouve Anna Müller. Les flèches parcourent la liste.
desk-find-unreadable = Il n’y a là ni lettre ni chiffre.
desk-from = Du (jour, UTC)
desk-to = Au (jour, UTC)
desk-find-day = Un jour s’écrit ainsi : 2026-11-24.
desk-nothing = Rien n’a été trouvé. Vous pouvez saisir :
desk-nothing-name = un nom, ou le début de chacun de ses mots : an mu
desk-nothing-upn = un nom d’utilisateur, ou son début : anna.mu
desk-nothing-reference = une référence, ou au moins ses trois premiers caractères, comme entendus : O compte pour 0, I et L pour 1
desk-nothing-ticket = le numéro entier d’un ticket
desk-looked-back = La recherche est remontée jusqu’au { $time }.
desk-further = Chercher plus loin
desk-gathering = Des réinitialisations plus anciennes sont encore en préparation pour la recherche. Certaines peuvent manquer pour l’instant.
desk-find-button = Chercher
desk-state = État
desk-cause = Cause
desk-any = Tous
desk-none = Aucune réinitialisation de ce genre.
desk-age = il y a { $span }
desk-older = Plus anciennes
desk-newest = Plus récentes
desk-home-directory = Le mot de passe vit dans l’annuaire.
desk-home-cloud = Le mot de passe vit chez Microsoft seulement.
desk-verified = Vérifié : les preuves montrent que le nouveau mot de passe est en place.
desk-not-verified = Non vérifié.
desk-missing = Il manque : { $rungs }.
desk-or = ou
desk-evidence = Preuves
desk-not-reached = pas encore vu
desk-nothing-to-prove = Rien n’a été modifié : il n’y a rien à prouver.
desk-evidence-none = Il n’y a aucune preuve, et plus aucune ne peut venir.
desk-ask = Demander à Microsoft maintenant
desk-asked = Microsoft est interrogé. La réponse apparaît ici dans un instant : rechargez la page.
desk-asked-final = Il n’y a plus rien à demander : c’est le dernier mot.
desk-for-admin = Pour l’administration AD :
desk-detail = Microsoft a dit :
desk-notes = Notes
desk-notes-none = Pas encore de note.
desk-note = Nouvelle note
desk-note-hint = Vos collègues la liront. N’écrivez jamais de mot de passe ici.
desk-note-button = Enregistrer la note
desk-noted = La note est enregistrée.
desk-note-empty = Rien n’a été enregistré : la note était vide.
desk-answers = Ce que Microsoft a répondu
desk-answers-none = Pas encore de réponse.
desk-trail = Journal d’audit
desk-state-sending = Envoi en cours
desk-state-writing = En route
desk-state-written = Écrit
desk-state-refused = Refusé
desk-state-failed = Échec
desk-state-split = Seulement dans l’annuaire
desk-state-cloud-only = Seulement chez Microsoft
desk-state-unknown = Inconnu
desk-state-finished = Terminé
desk-rung-accepted = Accepté par Microsoft
desk-rung-written = Défini, dit Microsoft
desk-rung-carried = Porté dans l’annuaire
desk-rung-works = Utilisé par la personne
desk-others = Autres réinitialisations de cette personne
insights-title = Aperçu : les 30 derniers jours
insights-outcomes = Réinitialisations par jour et par résultat
insights-outcomes-summary = Réinitialisations : { $all }. Réussies : { $good }. Refusées : { $refused }. Échouées : { $failed }. En cours ou inconnues : { $open }.
insights-good = Réussies
insights-refused = Refusées
insights-failed = Échouées
insights-open = En cours ou inconnues
insights-day = Jour
insights-all = Toutes
insights-table = En tableau
insights-saved = Réinitialisations réussies : { $resets }. Minutes de téléphone pour chacune : { $minutes }. Heures gagnées : { $hours }.
insights-latency = Durée de la réécriture
insights-latency-what = De l’envoi du mot de passe à la preuve. La moitié, 95 et 99 réinitialisations sur 100 n’ont pas duré plus que p50, p95 et p99.
insights-latency-summary = Mesurées : { $n }. La moitié a duré au plus { $half }, 95 sur 100 au plus { $most }, 99 sur 100 au plus { $nearly }.
insights-latency-none = Rien n’a été mesuré.
insights-measured = Mesurées
insights-causes = Causes
insights-causes-none = Aucune réinitialisation n’a eu de cause.
insights-work = Travail du personnel
insights-work-none = Le personnel n’a travaillé sur aucune réinitialisation.
insights-agent = Qui
insights-acts = Actions
insights-people = Personnes
number = { $n }
alarm-title = Alarmes
alarm-none = Aucune alarme n’est ouverte.
alarm-past = Alarmes acquittées
alarm-note = Qu’avez-vous constaté ?
alarm-acknowledge = Acquitter
alarm-acknowledged = { $who }, { $time }
alarm-span = D’abord { $first }, enfin { $last }.
alarm-said-done = L’alarme est acquittée.
alarm-said-empty = L’alarme reste ouverte : dites ce que vous avez constaté.
alarm-said-gone = Cette alarme n’est plus ouverte.
alarm-many-people = Un membre du personnel a travaillé sur beaucoup de personnes en une heure
alarm-many-people-amount = Personnes : { $n }
alarm-many-agents = Beaucoup de membres du personnel ont travaillé sur une personne en un jour
alarm-many-agents-amount = Membres : { $n }
alarm-failures-then-success = Une réinitialisation a réussi après des échecs en une heure
alarm-failures-then-success-amount = Échecs : { $n }
alarm-new-method = Une méthode de connexion a été enregistrée peu après une réinitialisation
alarm-new-method-amount = Enregistrements : { $n }
alarm-odd-hour = Le personnel a travaillé hors des heures de travail
alarm-odd-hour-amount = Actions : { $n }
