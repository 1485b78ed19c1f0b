# What Passback needs in Entra, by Microsoft Graph PowerShell. Read it before you run it; nothing here was run for you.
# As a Privileged Role Administrator and Conditional Access Administrator (or a Global Administrator, once):
#   Install-Module Microsoft.Graph -Scope CurrentUser
# (The Azure CLI cannot write Conditional Access as a user: its own application lacks those permissions.)
$ErrorActionPreference = 'Stop'
Connect-MgGraph -NoWelcome{% if let Some(tenant) = tenant %} -TenantId '{{ tenant }}'{% endif %}{% if cloud == "us-gov" %} -Environment USGov{% else if cloud == "us-gov-dod" %} -Environment USGovDoD{% endif %} -Scopes @(
  'Application.ReadWrite.All', 'AppRoleAssignment.ReadWrite.All', 'DelegatedPermissionGrant.ReadWrite.All',
  'Policy.Read.All', 'Policy.ReadWrite.ConditionalAccess', 'Policy.ReadWrite.AuthenticationMethod',
  'AuthenticationContext.ReadWrite.All', 'AdministrativeUnit.ReadWrite.All', 'RoleManagement.ReadWrite.Directory',
  'User.ReadWrite.All')
$graph = Get-MgServicePrincipal -Filter "appId eq '00000003-0000-0000-c000-000000000000'"

# 1. The app registration: one tenant, one redirect, no implicit tokens. auth_time, acct and login_hint are asked for because
#    the portal checks how old a sign-in is, refuses guests, and signs the right account out.
$roles = @('Agent', 'Approver', 'Auditor', 'Admin') | ForEach-Object {
  @{ id = [guid]::NewGuid(); value = "Passback.$_"; displayName = "Passback $_"; description = "Passback $_"
     allowedMemberTypes = @('User'); isEnabled = $true } }
$wanted = @(
{%- for (name, why) in application %}
  '{{ name }}'{% if !loop.last %},{% endif %}  # {{ why }}
{%- endfor %}
)
$scopes = @(
{%- for (name, why) in delegated %}
  '{{ name }}'{% if !loop.last %},{% endif %}  # {{ why }}
{%- endfor %}
)
$access = @($wanted | ForEach-Object { $n = $_; @{ id = ($graph.AppRoles | Where-Object Value -eq $n).Id; type = 'Role' } }) +
          @($scopes | ForEach-Object { $n = $_; @{ id = ($graph.Oauth2PermissionScopes | Where-Object Value -eq $n).Id; type = 'Scope' } })
$app = New-MgApplication -DisplayName 'Passback' -SignInAudience 'AzureADMyOrg' `
  -Web @{ redirectUris = @('{{ public_url }}signin/callback'); implicitGrantSettings = @{ enableIdTokenIssuance = $false; enableAccessTokenIssuance = $false } } `
  -OptionalClaims @{ idToken = @(@{ name = 'auth_time' }, @{ name = 'acct' }, @{ name = 'login_hint' }) } `
  -AppRoles $roles `
  -RequiredResourceAccess @(@{ resourceAppId = $graph.AppId; resourceAccess = $access })
$me = New-MgServicePrincipal -AppId $app.AppId
"entra.client_id = `"$($app.AppId)`""

# 2. Consent to exactly these application permissions: they only read.
foreach ($name in $wanted) {
  $role = ($graph.AppRoles | Where-Object Value -eq $name).Id
  New-MgServicePrincipalAppRoleAssignment -ServicePrincipalId $me.Id -PrincipalId $me.Id -ResourceId $graph.Id -AppRoleId $role | Out-Null
}
# Never as application permissions: {% for name in forbidden %}{{ name }}{% if !loop.last %}, {% endif %}{% endfor %}. They reach administrators.

# 3. The operator: a cloud-only account that nobody uses for anything else, and the people it may reset. Give it a passkey, and
#    leave it out of policies that sign people out. Policies for "administrators" do not cover it: Conditional Access ignores roles
#    that are scoped to an administrative unit, so name the account itself in a policy of its own.
$secret = [Convert]::ToBase64String([Security.Cryptography.RandomNumberGenerator]::GetBytes(24)) + 'aA1!'
$domain = (Get-MgDomain | Where-Object IsInitial).Id
$operator = New-MgUser -AccountEnabled -DisplayName 'Passback reset operator' -MailNickname 'svc-passback' `
  -UserPrincipalName "svc-passback@$domain" -PasswordProfile @{ password = $secret; forceChangePasswordNextSignIn = $false }
$unit = New-MgDirectoryAdministrativeUnit -DisplayName 'Passback: people who may reset' -BodyParameter @{
  displayName = 'Passback: people who may reset'
  membershipType = 'Dynamic'
  membershipRule = '(user.dirSyncEnabled -eq true) and (user.accountEnabled -eq true)'
  membershipRuleProcessingState = 'On' }
New-MgRoleManagementDirectoryRoleAssignment -BodyParameter @{
  roleDefinitionId = 'c4e39bd9-1100-46d3-8c65-fb160da0071f'  # Authentication Administrator: the least that may reset and ask
  principalId = $operator.Id
  directoryScopeId = "/administrativeUnits/$($unit.Id)" } | Out-Null
# Consent for this one account alone, so that the scope is worth nothing to anybody else.
New-MgOauth2PermissionGrant -BodyParameter @{
  clientId = $me.Id; consentType = 'Principal'; principalId = $operator.Id; resourceId = $graph.Id
  scope = (@('openid', 'profile', 'offline_access') + $scopes) -join ' ' } | Out-Null

# 4. What a sign-in must be: everything but the password. A one-time pass is here for the helpdesk; leave it out otherwise.
$strength = New-MgPolicyAuthenticationStrengthPolicy -BodyParameter @{
  displayName = 'Without the password'
  description = 'For Passback: no combination holds the password.'
  allowedCombinations = @('fido2', 'windowsHelloForBusiness', 'x509CertificateMultiFactor', 'deviceBasedPush', 'temporaryAccessPassOneTime') }

# 5. The contexts. This creates them, and would overwrite what is there: look first.
foreach ($context in @({% for context in contexts %}'{{ context }}'{% if !loop.last %}, {% endif %}{% endfor %})) {
  try { $there = Get-MgIdentityConditionalAccessAuthenticationContextClassReference -AuthenticationContextClassReferenceId $context } catch { $there = $null }
  if ($there) { throw "$context is taken by '$($there.DisplayName)': choose another, and set signin.required_context or signin.staff_context" }
  Update-MgIdentityConditionalAccessAuthenticationContextClassReference -AuthenticationContextClassReferenceId $context `
    -BodyParameter @{ displayName = "Passback $context"; description = 'Passback'; isAvailable = $true }
}

# 6. The policy that gives the contexts a meaning. It begins as a report: look at it with your own eyes, then switch it on. Until it
#    is on, Entra gives the context to everybody and Passback lets nobody in (S-POLICY).
$policy = New-MgIdentityConditionalAccessPolicy -BodyParameter @{
  displayName = 'Passback: sign in without the password'
  state = 'enabledForReportingButNotEnforced'
  conditions = @{
    clientAppTypes = @('all')
    applications = @{ includeAuthenticationContextClassReferences = @({% for context in contexts %}'{{ context }}'{% if !loop.last %}, {% endif %}{% endfor %}) }
    users = @{ includeUsers = @('All'); excludeUsers = @() }  # only emergency accounts: whoever is excluded cannot reset
  }
  grantControls = @{ operator = 'AND'; builtInControls = @(); authenticationStrength = @{ id = $strength.Id } }
  sessionControls = @{ signInFrequency = @{ isEnabled = $true; authenticationType = 'primaryAndSecondaryAuthentication'; frequencyInterval = 'everyTime' } } }
"When you have looked at it:  Update-MgIdentityConditionalAccessPolicy -ConditionalAccessPolicyId $($policy.Id) -BodyParameter @{ state = 'enabled' }"

# 7. By hand: assign the app roles to staff (Enterprise applications, Passback, Users and groups; at least three approvers), give the
#    operator its passkey, upload the certificate or add the federated credential, open "Password reset, Audit logs" once so that
#    Entra begins to log, then:
#      passback doctor --config FILE
