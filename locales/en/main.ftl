# Plain, kind, short. Say what happened, then what to do. Never blame.
# Families are made from codes: cause-<code>-person|agent|admin, refusal-<code>-title|text|do, state-<state>-…,
# stopped-<code>-…, rule-<code>, rung-<name>.

site-title = Password reset
skip-to-content = Skip to content
mark-emulated = Demonstration: the Microsoft tenant behind this page is emulated on this machine.
mark-other-hosts = This portal is set up to trust hosts that are not Microsoft’s.
sign-out = Sign out
language = Language
language-switch = Switch
support-line = Stuck? Call { $phone }
signed-in-as = Signed in as

span-seconds = { $n ->
    [one] 1 second
   *[other] { $n } seconds
}
span-minutes = { $n ->
    [one] 1 minute
   *[other] { $n } minutes
}
span-hours = { $n ->
    [one] 1 hour
   *[other] { $n } hours
}

moment = { $day } { $month ->
    [1] January
    [2] February
    [3] March
    [4] April
    [5] May
    [6] June
    [7] July
    [8] August
    [9] September
    [10] October
    [11] November
   *[12] December
} { $year }, { $time }

button-start = Go to the start
button-sign-in-again = Sign in again
button-sign-in = Sign in without my password

landing-title = Forgot your password?
landing-text = Sign in another way, choose a new password, and watch it arrive – from anywhere, without VPN.
landing-opens-on-password = Microsoft’s page will open on your password
landing-choose-other = Do not type it. Choose “Other ways to sign in”, then one of these:
landing-method-passkey = Face, fingerprint or PIN
landing-method-passkey-text = A passkey on this device or your phone
landing-method-key = Security key
landing-method-key-text = Plug it in or hold it to your phone
landing-method-phone = Authenticator app
landing-method-phone-text = Approve the number on your phone
landing-method-pass = Temporary Access Pass
landing-method-pass-text = A code your helpdesk gave you
landing-back-title = Did you come back without finishing?
landing-back-text = That happens when Microsoft’s page asks for the password. Do not type it: below it is “Other ways to sign in”.
landing-steps-title = What will happen
landing-step-1 = You sign in at Microsoft, without your password.
landing-step-2 = You choose a new password here.
landing-step-3 = You see it arrive at your organisation.

form-title = Choose a new password
form-for = For
home-cloud = Your password lives in the Microsoft cloud.
home-directory = Your password lives in { $domain }, last seen { $ago } ago.
home-directory-unsynced = Your password lives in { $domain }.
form-two-steps = Two steps: a new password here, then Microsoft may ask you once more for another one.
form-locked = Your account is locked because of wrong passwords. Before you go on, remove the old password from your phone, from mail and from Wi-Fi: they keep trying it.
form-locked-until = It opens by itself at { $time }.
form-password = New password
form-again = The same again
form-show = Show
form-hide = Hide
form-submit = Set new password
form-rules = Your password
form-whys = Why these rules?
form-only-microsoft = Microsoft also checks its list of common passwords and your organisation’s own rules. Only it can; you will see the answer here.
form-until = Please finish before
form-unknown-title = Try the password from your last reset first
form-unknown-text = We could not find out whether it worked. If it does not let you in, tick this and choose another one.
form-unknown-tick = I tried it, and it does not work
form-unknown-link = See the last reset
form-expired-soon = Less than two minutes left. If time runs out, you sign in again; nothing is lost.

rule-length = At least { $n } characters
rule-characters = Only letters A–Z, digits, spaces and common symbols
rule-classes = { $n } of these: small letter, capital letter, digit, symbol
rule-name = Not your name
rule-banned = Not built from forbidden words
rule-strength = Hard to guess
rule-breach = Not known from a data breach
rule-microsoft = Accepted by Microsoft
rule-length-why = Length protects more than anything else.
rule-characters-why = Others work at Microsoft and then fail at your computer, or the other way round.
rule-classes-why = Your organisation’s directory asks for it.
rule-name-why = It is the first thing that is tried, also when spelled with 0 for o or @ for a.
rule-banned-why = Your organisation’s name and other common words are tried with every ending.
rule-strength-why = Dates, patterns on the keyboard and well-known words are guessed in minutes.
rule-breach-why = Passwords that were once stolen anywhere are tried everywhere.
rule-microsoft-why = Microsoft is asked when you send the form.
rule-microsoft-said = Microsoft says:
rule-standing-pending = not checked yet
rule-standing-met = met
rule-standing-failed = not met
rule-standing-unchecked = could not be checked, allowed

phrase-offer = Easy to remember and long enough. You may use this one:
phrase-use = Use this one
phrase-other = Another one
phrase-used = Filled in. Write it down or save it before you go on.

problem-empty = Please type a new password. Nothing was sent.
problem-different = The two passwords are not the same. Nothing was sent.
problem-rules = This password does not meet every rule below. Nothing was sent.
problem-late = Too much time has passed since you signed in. Nothing was sent. Please sign in again, then set your password.
problem-try-first = Please try the password from your last reset first. Nothing was sent.

timeline-reference = Reference
timeline-reference-hint = Say this if you call the helpdesk:
timeline-begun = Started at
timeline-took = Took { $span }.
timeline-usual = Usually takes { $span }.
timeline-elapsed = Time so far
timeline-line = Microsoft is busy. You are number { $n } in line; nothing was lost.
timeline-line-wait = It goes on in about { $span }.
timeline-unused = A reset was already running. The password you just typed was not used.
timeline-unasked = Microsoft could not be asked beforehand whether it accepts this password. It decides now.
timeline-steps = The way of your password
timeline-code = Code
timeline-again = Choose another password
timeline-retry = Try again
timeline-reload = This page renews itself.

state-sending-title = Sending your new password
state-sending-text = It is on its way to Microsoft. You can leave this page; the work goes on.
state-writing-title = On its way to your organisation
state-writing-text = Microsoft has taken it and is handing it to your organisation. You can leave this page; the work goes on.
state-written-title = Your new password is in place
state-written-text = Microsoft reports that your new password has been set.
state-refused-title = Not changed
state-refused-do1 = Your old password still works.
state-failed-title = Not changed
state-failed-do1 = Your old password still works.
state-failed-do2 = Call the helpdesk and say the reference. They see what you see, and why.
state-split-title = Almost there
state-split-do1 = Use the new password for your computer and VPN now.
state-split-do2 = For Microsoft 365 wait a few minutes. Please do not reset again yet.
state-cloud-only-title = Only changed at Microsoft
state-cloud-only-do1 = Use the new password for Microsoft 365 and the old one for your computer and VPN.
state-cloud-only-do2 = The helpdesk has been told. Call them and say the reference.
state-unknown-title = We do not know yet
state-unknown-do1 = Try the new password first.
state-unknown-do2 = If it does not work, your old one still does. Then set another one.
state-finished-title = Done
state-finished-text = You have used your new password. There is nothing left to do here.

rung-accepted = Microsoft took it
rung-accepted-done = Your request reached Microsoft.
rung-accepted-now = Waiting for Microsoft to take it.
rung-accepted-ahead = Comes first.
rung-accepted-bad = Microsoft did not say that it took it.
rung-written = Microsoft reports it set
rung-written-done = The password is in place, says Microsoft.
rung-written-now = Waiting for Microsoft’s word.
rung-written-ahead = Comes next.
rung-written-off = It did not get this far.
rung-written-bad = Microsoft did not report this.
rung-carried = Carried to your organisation
rung-carried-done = Carried by { $agent }, says Microsoft’s log.
rung-carried-now = Microsoft’s log will name who carried it. It can arrive some minutes late.
rung-carried-ahead = Comes last; Microsoft’s log names who carried it.
rung-carried-off = It did not get this far, as far as we know.
rung-carried-bad = Microsoft’s log does not show that anybody carried it.

rung-works = You sign in with it
rung-works-done = Microsoft saw you choose your last word on it. This is the password that counts.
rung-works-now = Sign in with it once. Microsoft may ask for another one; that one then counts.
rung-works-ahead = Comes last, and is yours: you sign in with it once.
rung-works-off = It did not get this far.

care-title = What is left to do
care-question = Can you get into your laptop now?
care-inside = Yes, I am in
care-outside = No, I am outside
care-change = Change my answer about the laptop
care-by-itself = Your laptop takes the new password by itself as soon as it is online.
care-done = done
care-open = still to do
care-phone-first-title = First: remove the old password from your phone
care-phone-first-text = Your account was locked because something keeps trying the old password. Open mail and Wi-Fi on your phone and type the new one, before anything else.
care-phone-title = Type it on your phone
care-phone-text = Mail and Wi-Fi there keep trying the old password, which can lock you out.
care-get-in-title = Get into your laptop
care-get-in-text = Use the PIN, face or fingerprint you already use there; they still work. Otherwise try the old password: away from your organisation’s network it still opens the laptop. If the sign-in page offers VPN, connect there first and use the new one. Or go to the office, or call the helpdesk.
care-lock-unlock-title = Teach your laptop the new password
care-lock-unlock-text = Connect VPN, or be in the office. Then lock the screen (Windows key and L) and unlock it with the new password.
care-wifi-title = Type it in your organisation’s Wi-Fi
care-wifi-text = Wherever Wi-Fi asks for your name and password: forget the network, join it again, and use the new password.
care-signout = Somebody else may have been in?
care-signout-text = You can sign out everywhere. Microsoft 365 then asks for the new password on every device, within minutes, at the latest after an hour. PINs and passkeys stay.
care-signout-button = Sign out everywhere
care-signed-out = You were signed out everywhere at { $time }. It takes effect within minutes, at the latest after an hour.

finish-title = One step left: sign in with it
finish-title-unknown = Try it: sign in with the new password
finish-text = Microsoft opens. Type the new password. If it asks you to choose another one, that one counts from then on, everywhere.
finish-button = Sign in with the new password
finish-asking = Welcome back. We are asking Microsoft whether your password was changed. This takes up to a minute.
finish-unchanged = You came back, but Microsoft has not seen a change of your password. If it did not ask for one, all is well. If you signed in another way, please try again with the new password.

cause-r-policy-person = Your organisation’s rules do not allow this password: it may be too short, too simple, used before, or changed too recently. Choose a different one.
cause-r-policy-agent = AD refused the password: length, complexity, history or minimum age.
cause-r-policy-admin = 0000052D from AD. Sync server: ADSync event 6329 (0x80230619), PasswordResetService 33008 after 31011. Look at the domain or fine-grained password policy, above all minimum password age.
cause-r-banned-person = This password is too easy to guess: it contains a common or forbidden word, or your name. Choose a different one.
cause-r-banned-agent = Entra’s list of banned passwords refused it.
cause-r-banned-admin = FuzzyPolicyViolationInvalidPassword. Look at Authentication methods, Password protection: the custom banned list, and what the DC agents log.
cause-r-not-sent-person = Something interrupted us before your password was sent. Please set it again.
cause-r-not-sent-agent = It ended before it was sent: no connection to Graph, or the portal was restarted.
cause-r-not-sent-admin = Look at the portal’s log for the reset’s id, and at the way from the portal to Graph (TLS, proxy, name resolution).
cause-r-throttled-person = Microsoft is very busy. Nothing was sent. Please try again in a few minutes.
cause-r-throttled-agent = Graph throttled us for longer than a person should wait. Nothing was sent.
cause-r-throttled-admin = 429 from Graph beyond reset.line_limit_seconds. Look for another app with heavy load in the tenant.
cause-r-operator-person = The portal could not sign in to do this. Nothing was changed. Please call the helpdesk.
cause-r-operator-agent = The reset operator’s sign-in was not taken. An administrator has to link it again.
cause-r-operator-admin = Link the operator again on /admin/operator. Look at why its grant ended: sign-in logs of the operator’s account.
cause-r-denied-person = Microsoft protects this account. The portal may not change its password. Please call the helpdesk.
cause-r-denied-agent = Graph answered 403: a privileged account, or the operator’s role does not cover this person.
cause-r-denied-admin = Check the person’s roles (active and eligible), role-assignable groups and administrative units against the operator’s scope.
cause-r-role-person = The portal has lost the right to do this. Nothing was changed. Please call the helpdesk.
cause-r-role-agent = The reset operator holds no role that may reset passwords. Everybody is affected until it does.
cause-r-role-admin = Give the operator Authentication Administrator again, scoped to its administrative unit, and link it on /admin/operator.
cause-r-not-found-person = Microsoft does not know this account any more. Please call the helpdesk.
cause-r-not-found-agent = Graph answered 404 for this person.
cause-r-not-found-admin = The object was deleted or lies outside the operator’s administrative unit.
cause-r-rejected-person = Microsoft did not take this password. Choose a different one; if that fails too, call the helpdesk.
cause-r-rejected-agent = Graph refused the request; its own words are kept with this reset.
cause-r-rejected-admin = Read the error code and request id kept with this reset.
cause-f-agent-offline-person = Your organisation’s password service did not answer. Nothing was changed. Please try again later.
cause-f-agent-offline-agent = No writeback agent answered.
cause-f-agent-offline-admin = Look at the sync server: PasswordResetService events 31034, 31044, 32002, 6800; outbound 443 to *.servicebus.windows.net and *.passwordreset.microsoftonline.com.
cause-f-admin-action-person = Your account is specially protected in your organisation, so the portal may not change it. Please call the helpdesk.
cause-f-admin-action-agent = The writeback agent has no right to change this account.
cause-f-admin-action-admin = Event 33004. AdminCount=1 or a protected group, or the sync account lacks Reset password, write lockoutTime, write pwdLastSet on the domain root; “Restrict clients allowed to make remote calls to SAM” must allow it.
cause-f-disabled-person = Your account is switched off. Please call the helpdesk.
cause-f-disabled-agent = The account is disabled in AD.
cause-f-disabled-admin = Event 33005. Enable the account in AD if it should be.
cause-f-locked-person = Your account is locked. Wait a while or call the helpdesk; first remove the old password from your phone.
cause-f-locked-agent = The account is locked in AD.
cause-f-locked-admin = Event 33006. Look for the source of bad attempts: event 4740 on the PDC emulator.
cause-f-expired-person = Your account has expired. Please call the helpdesk.
cause-f-expired-agent = The account has expired in AD.
cause-f-expired-admin = 00000701 from AD. Look at accountExpires; extend it if the person should have access.
cause-f-several-person = Your organisation’s directory has more than one account that fits. Please call the helpdesk.
cause-f-several-agent = The writeback agent found several accounts for this person.
cause-f-several-admin = Event 33003 (or 0x80230402, duplicate anchor). A person who is enabled in two forests is not supported; look at the joined objects in the metaverse.
cause-f-not-enabled-person = Your organisation has not switched this on for your account. Please call the helpdesk.
cause-f-not-enabled-agent = Self-service reset or password writeback is off for this person or the tenant.
cause-f-not-enabled-admin = SSPR_0009 to SSPR_0014. Look at Password reset in Entra: enabled for whom, On-premises integration, and the licence (P1, P2 or Business Premium).
cause-f-agent-trouble-person = Your organisation’s password service had a problem of its own. Nothing was changed. Please try again later.
cause-f-agent-trouble-agent = The writeback agent answered with an error of its own; its words are kept with this reset.
cause-f-agent-trouble-admin = PasswordResetService events 32000 to 32016, 33001, 33009 on the sync server. 32004 (decryption): switch writeback off and on; hr=800700CE: the sync account’s password is longer than 256 characters; reserved characters in OU names give 33001.
cause-f-not-in-directory-person = Your organisation’s directory does not know this account. Please call the helpdesk.
cause-f-not-in-directory-agent = The writeback agent did not find the person in AD.
cause-f-not-in-directory-admin = Event 33002 (or 33003: several). Check the joined objects in the sync server’s metaverse.
cause-f-unrecognised-person = Microsoft gave a reason we do not know. We keep looking for proof; meanwhile try the new password, then the old one.
cause-f-unrecognised-agent = The operation failed with a detail that is not in our list; it is kept whole with this reset.
cause-f-unrecognised-admin = Read the detail kept with this reset and the sync server’s Application log at that time.
cause-x-split-person = Your organisation has the new password; Microsoft has not yet. That takes a few minutes.
cause-x-split-agent = OnPremisesSuccessCloudFailure: AD has it, the cloud follows with password hash sync.
cause-x-split-admin = Check that password hash synchronisation runs; the cloud follows within minutes.
cause-x-cloud-only-person = Microsoft has your new password, but it did not reach your organisation.
cause-x-cloud-only-agent = The audit log names no writeback agent for this reset of a synced person.
cause-x-cloud-only-admin = OnPremisesAgent is None: writeback is off or no agent is connected. Check On-premises integration in Entra and the sync server.
cause-u-no-answer-person = Your password was sent, and no answer came back. It may or may not be in place.
cause-u-no-answer-agent = The request was sent and no answer arrived.
cause-u-no-answer-admin = Graph’s answer was 5xx, 408, cut off or missing. The audit log will tell; the portal keeps looking for 24 hours.
cause-u-crashed-person = The portal was interrupted while your password was being sent. It may or may not be in place.
cause-u-crashed-agent = The portal’s process ended between sending and hearing the answer.
cause-u-crashed-admin = Look at why the process ended. The portal keeps looking for evidence for 24 hours.
cause-u-lost-person = Microsoft took your password, then could not say what became of it. It may or may not be in place.
cause-u-lost-agent = Graph forgot the operation (404 for more than a minute).
cause-u-lost-admin = Look at the directory audit log for this person and time.
cause-u-time-limit-person = It is taking much longer than usual. Your password may or may not be in place.
cause-u-time-limit-agent = The operation did not end within the time limit.
cause-u-time-limit-admin = Look at the writeback agent’s health; the portal keeps looking for evidence for 24 hours.

refusal-e-not-found-title = This page does not exist
refusal-e-not-found-text = Or it is not yours to see. If you followed a link to a reset, sign in first and open it again.
refusal-e-limit-title = A little too often
refusal-e-limit-text = Nothing was sent. Please try again in { $wait }.
refusal-e-unavailable-title = Not available right now
refusal-e-unavailable-text = We cannot reach something we need. Nothing was changed.
refusal-e-unavailable-do = Please try again in a minute.
refusal-e-internal-title = Something went wrong here
refusal-e-internal-text = That was our mistake. Nothing more was done.
refusal-e-internal-do = Please try again. If it stays, call the helpdesk.
refusal-e-cross-site-title = This came from another website
refusal-e-cross-site-text = For your safety nothing was done.
refusal-e-cross-site-do = Open the portal yourself and try again there.
refusal-e-timeout-title = That took too long
refusal-e-timeout-text = We stopped waiting. Nothing more was done.
refusal-e-timeout-do = Please try again.
refusal-e-bad-request-title = We did not understand that
refusal-e-bad-request-text = The request was not complete, or too large. Nothing was done.

refusal-s-attempt-title = Please start again
refusal-s-attempt-text = This sign-in was begun in another browser, was used already, or took too long.
refusal-s-attempt-do = If it happens again, allow cookies for this site.
refusal-s-cancelled-title = Sign-in was not finished
refusal-s-cancelled-text = Nothing happened. You can try again whenever you like.
refusal-s-cancelled-do = Did Microsoft ask for your password? Choose “Other ways to sign in” instead.
refusal-s-not-assigned-title = Your account may not use this portal yet
refusal-s-not-assigned-text = Your organisation decides who may use it.
refusal-s-not-assigned-do = Call the helpdesk and say: AADSTS50105, not assigned.
refusal-s-blocked-title = Microsoft did not let you in
refusal-s-blocked-text = Your organisation asks for a stronger sign-in, or another device or place.
refusal-s-blocked-do = Try again with a passkey, security key or the Authenticator app.
refusal-s-tenant-title = That is another organisation’s account
refusal-s-tenant-text = This portal is for one organisation only.
refusal-s-tenant-do = Sign in with your work account.
refusal-s-locked-title = Your account is locked at Microsoft
refusal-s-locked-text = Too many tries with a wrong password, perhaps by your phone.
refusal-s-locked-do = Remove the old password from your phone, wait a few minutes, and try again without a password.
refusal-s-disabled-title = Your account is switched off
refusal-s-disabled-text = Only your organisation can switch it on again.
refusal-s-disabled-do = Call the helpdesk.
refusal-s-setup-title = The portal is not set up completely
refusal-s-setup-text = Microsoft does not accept the portal’s own registration. This is not your mistake.
refusal-s-setup-do = Call the helpdesk and say: S-SETUP.
refusal-s-entra-title = Microsoft’s sign-in did not answer as expected
refusal-s-entra-text = Nothing happened.
refusal-s-entra-do = Please try again in a minute.
refusal-s-forged-title = We could not trust this sign-in
refusal-s-forged-text = What came back from Microsoft did not pass our checks. Nothing was done.
refusal-s-forged-do = Start again. If it stays, tell the helpdesk: S-FORGED.
refusal-s-guest-title = Guests cannot reset a password here
refusal-s-guest-text = Your password belongs to your home organisation.
refusal-s-guest-do = Reset it there.
refusal-s-password-title = Please sign in without your password
refusal-s-password-text = The portal has to know you by something else than the password you forgot.
refusal-s-password-do = Choose “Other ways to sign in” on Microsoft’s page.
refusal-s-stale-title = Please sign in once more
refusal-s-stale-text = Your sign-in at Microsoft is too old for this.
refusal-s-context-title = This sign-in is not strong enough
refusal-s-context-text = A new password needs a sign-in with a passkey, security key, the Authenticator app or a Temporary Access Pass.
refusal-s-context-do = Choose “Other ways to sign in” on Microsoft’s page.
refusal-s-policy-title = Resets are paused
refusal-s-policy-text = We cannot prove at the moment that people sign in here without their password. Until then nobody can reset.
refusal-s-policy-do = Call the helpdesk and say: S-POLICY.
refusal-s-excluded-title = Your account is not covered
refusal-s-excluded-text = Your organisation’s sign-in rule does not apply to your account, so we cannot be sure that it is you.
refusal-s-excluded-do = Call the helpdesk.
refusal-s-no-role-title = No staff role
refusal-s-no-role-text = Your account has none of the portal’s staff roles.
refusal-s-no-role-do = Ask your administrator for a Passback role.
refusal-s-somebody-else-title = That was somebody else’s account
refusal-s-somebody-else-text = The password was reset for another account than the one that just signed in. Nothing was changed.
refusal-s-somebody-else-do = Go back to your reset, and sign in with the account named there.
refusal-s-not-staff-title = For staff with the right role
refusal-s-not-staff-text = This page needs a staff sign-in with a role that allows it.
refusal-s-network-title = Not from this network
refusal-s-network-text = Staff pages open only from your organisation’s staff networks.
refusal-s-expired-title = Your session has ended
refusal-s-expired-text = Nothing was sent. Sign in again to go on.

refusal-l-yourself-title = Choose another account
refusal-l-yourself-text = You cannot be the operator yourself: Microsoft never lets an account reset its own password.
refusal-l-global-admin-title = Not a Global Administrator
refusal-l-global-admin-text = The operator needs as little power as possible. Use an account with the role Authentication Administrator, scoped to an administrative unit.
refusal-l-no-role-title = The role is missing
refusal-l-no-role-text = This account holds no active role that may reset passwords. Give it Authentication Administrator.
refusal-l-tenant-wide-title = The role covers the whole tenant
refusal-l-tenant-wide-text = Scope the role to an administrative unit, or set operator.tenant_wide = true if you mean it.
refusal-l-no-token-title = No lasting permission
refusal-l-no-token-text = Microsoft gave no refresh token. Grant the permission offline_access and try again.
refusal-l-nobody-title = Nobody is waiting
refusal-l-nobody-text = Sign the operator in first; you have ten minutes to confirm.

stopped-g-paused-title = Resets are paused
stopped-g-paused-text = Your organisation has paused all resets for now. Your old password is unchanged.
stopped-g-paused-do = Please try again later, or call the helpdesk.
stopped-g-frozen-title = Resets of your password are stopped
stopped-g-frozen-text = Somebody told us that an earlier reset of your password was not theirs. Until the helpdesk has looked, no new one begins. Your password is as it was.
stopped-g-frozen-do = Call the helpdesk. They will make sure that it is you, and open it again.
stopped-g-ceiling-title = Resets are paused
stopped-g-ceiling-text = There were unusually many resets, so the portal stopped to be safe. Your old password is unchanged.
stopped-g-ceiling-do = The helpdesk has been told. Please try again later.
stopped-g-operator-title = Resets are paused
stopped-g-operator-text = The portal cannot sign in at Microsoft at the moment. You have not lost anything, and there is nothing to type.
stopped-g-operator-do = An administrator has to link the operator again. Please call the helpdesk.
stopped-g-protected-title = Your account needs the helpdesk
stopped-g-protected-text = Accounts with special rights are protected by Microsoft. The portal may not change their passwords.
stopped-g-protected-do = Call the helpdesk; they have a safe way for this.
stopped-g-guest-title = Guests cannot reset a password here
stopped-g-guest-text = Your password belongs to your home organisation.
stopped-g-expired-title = Your account has ended
stopped-g-expired-text = Your organisation’s directory says that this account has expired. A new password would not help.
stopped-g-expired-do = Please call the helpdesk.
stopped-g-protected-ad-title = This account is specially protected
stopped-g-protected-ad-text = Your organisation’s directory treats it as an administrator’s account. No portal may change its password.
stopped-g-protected-ad-do = Please call the helpdesk.
stopped-g-cannot-change-title = Your password cannot be changed
stopped-g-cannot-change-text = Your organisation’s directory does not allow it for this account.
stopped-g-cannot-change-do = Please call the helpdesk.
stopped-g-too-young-title = Your password was changed only recently
stopped-g-too-young-text = Your organisation’s rules let it be changed again after { $time }. Until then a new one would be refused.
stopped-g-too-young-do = If you cannot wait, call the helpdesk.
stopped-g-disabled-title = Your account is switched off
stopped-g-disabled-text = Only your organisation can switch it on again.
stopped-g-disabled-do = Call the helpdesk.
stopped-g-cannot-check-title = Not available right now
stopped-g-cannot-check-text = Microsoft does not answer what we must know first. Your old password is unchanged.
stopped-g-cannot-check-do = Please try again in a minute.

operator-title = Reset operator
operator-intro = The operator is the one account through which passwords are reset. It needs the role Authentication Administrator, scoped to the people it may reset.
operator-none = No operator is linked. Until one is, nobody can reset.
operator-works = Linked and working
operator-trouble-token = Its permission has ended. Link it again.
operator-trouble-role = It has lost its role. Give the role back, then link it again.
operator-trouble-relink = Microsoft wants it to sign in again, and resets wait. Link it again.
operator-account = Account
operator-role = Role
operator-scope = Scope
operator-linked = Linked at
operator-refreshed = Last renewed at
operator-link = Sign the operator in
operator-relink = Link again or replace
operator-link-hint = You will be sent to Microsoft. Sign in there as the operator, not as yourself.
operator-confirm-title = Make this account the operator?
operator-confirm = Yes, make it the operator
operator-tenant-wide = This role covers the whole tenant.

notice-subject = Your password at { $organisation } was reset
notice-subject-unknown = Your password at { $organisation } may have been reset
notice-hello = Hello { $name },
notice-what = A new password was set for your account at { $organisation }. It was asked for on { $time }.
notice-what-split = A new password is being set for your account at { $organisation }. It was asked for on { $time }; your computer may have it before Microsoft 365 does.
notice-what-cloud-only = A new password was set for your account at { $organisation }, so far only at Microsoft. It was asked for on { $time }.
notice-what-unknown = A new password was sent for your account at { $organisation } on { $time }. We could not find out yet whether it is in place.
notice-reference = Reference: { $reference }
notice-was-me = Was it you? Then there is nothing to do.
notice-not-me = It was not you? Open this link and press the button. New resets of your password are then stopped, and the helpdesk is alarmed. The link works for 7 days.
notice-button = This was not me
notice-call = Or call the helpdesk: { $phone }
notice-never = This message never holds a password, and nobody will ask you for yours.
notice-page-title = Was this reset not yours?
notice-page-text = A new password was asked for on { $time }, reference { $reference }.
notice-page-effect = If that was not you, press the button. New resets of your password are then stopped, and the helpdesk is alarmed.
notice-page-button = This was not me
notice-page-was-me = Was it you? Then close this page. Nothing has been changed.
notice-done-title = Thank you. The helpdesk has been alarmed
notice-done-text = The helpdesk decides when your password can be reset here again. Your password itself was not changed by this.
notice-done-call = Call them now: { $phone }. They will make sure that only you can sign in.
notice-done-call-desk = Call your helpdesk now. They will make sure that only you can sign in.

desk-nav = Staff pages
desk-nav-resets = Resets
desk-nav-operator = Operator
desk-title = Resets
desk-find = Reference
desk-find-hint = Whole or how it begins, as heard: O counts as 0, I and L as 1. The arrow keys walk through the list.
desk-find-unreadable = That cannot be a reference.
desk-find-button = Find
desk-state = State
desk-cause = Cause
desk-any = Any
desk-none = There are no such resets.
desk-age = { $span } ago
desk-older = Older
desk-newest = Newest
desk-home-directory = The password lives in the directory.
desk-home-cloud = The password lives at Microsoft alone.
desk-verified = Verified: the evidence proves that the new password is in place.
desk-not-verified = Not verified.
desk-missing = Missing: { $rungs }.
desk-or = or
desk-evidence = Evidence
desk-not-reached = not seen yet
desk-ask = Ask Microsoft now
desk-asked = Microsoft is being asked. The answer appears here in a moment: load the page again.
desk-asked-final = There is nothing left to ask: this is the last word.
desk-for-admin = For the AD administrator:
desk-detail = Microsoft said:
desk-notes = Notes
desk-notes-none = No notes yet.
desk-note = New note
desk-note-hint = Other staff will read it. Never write a password here.
desk-note-button = Save note
desk-noted = The note is saved.
desk-note-empty = Nothing was saved: the note was empty.
desk-answers = What Microsoft answered
desk-answers-none = No answer yet.
desk-trail = Audit trail
desk-state-sending = Sending
desk-state-writing = On its way
desk-state-written = Written
desk-state-refused = Refused
desk-state-failed = Failed
desk-state-split = Only in the directory
desk-state-cloud-only = Only at Microsoft
desk-state-unknown = Unknown
desk-state-finished = Finished
desk-rung-accepted = Taken by Microsoft
desk-rung-written = Set, says Microsoft
desk-rung-carried = Carried to the directory
desk-rung-works = Used by the person
desk-others = Other resets of this person
