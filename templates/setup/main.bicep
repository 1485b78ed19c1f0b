// The app registration that Passback needs, as Bicep with the Microsoft Graph extension (Bicep 0.36.1 or newer, public cloud). Beside it:
//   bicepconfig.json: { "extensions": { "microsoftGraphV1": "br:mcr.microsoft.com/bicep/extensions/microsoftgraph/v1.0:1.0.0" } }
// There are no types for Conditional Access, contexts, strengths, administrative units and directory roles: those take
// `passback setup --as powershell`, parts 3 to 6.
extension microsoftGraphV1

@description('The object id of the operator, a cloud-only account: the delegated permissions are granted for it alone.')
param operatorId string

var applicationPermissions = [
{%- for (name, why) in application %}
  '{{ name }}' // {{ why }}
{%- endfor %}
]
var delegatedPermissions = [
{%- for (name, why) in delegated %}
  '{{ name }}' // {{ why }}
{%- endfor %}
]
var staffRoles = ['Agent', 'Approver', 'Auditor', 'Admin']

resource graph 'Microsoft.Graph/servicePrincipals@v1.0' existing = {
  appId: '00000003-0000-0000-c000-000000000000'
}

resource app 'Microsoft.Graph/applications@v1.0' = {
  uniqueName: 'passback'
  displayName: 'Passback'
  signInAudience: 'AzureADMyOrg'
  web: {
    redirectUris: ['{{ public_url }}signin/callback']
    implicitGrantSettings: { enableIdTokenIssuance: false, enableAccessTokenIssuance: false }
  }
  optionalClaims: { idToken: [{ name: 'auth_time' }, { name: 'acct' }, { name: 'login_hint' }] }
  appRoles: [for role in staffRoles: {
    id: guid('passback', role)
    value: 'Passback.${role}'
    displayName: 'Passback ${role}'
    description: 'Passback ${role}'
    allowedMemberTypes: ['User']
    isEnabled: true
  }]
  requiredResourceAccess: [
    {
      resourceAppId: graph.appId
      resourceAccess: concat(
        map(applicationPermissions, name => { id: filter(graph.appRoles, role => role.value == name)[0].id, type: 'Role' }),
        map(delegatedPermissions, name => { id: filter(graph.oauth2PermissionScopes, scope => scope.value == name)[0].id, type: 'Scope' })
      )
    }
  ]
}

resource me 'Microsoft.Graph/servicePrincipals@v1.0' = {
  appId: app.appId
}

// Consent to what only reads.
resource reads 'Microsoft.Graph/appRoleAssignedTo@v1.0' = [for name in applicationPermissions: {
  principalId: me.id
  resourceId: graph.id
  appRoleId: filter(graph.appRoles, role => role.value == name)[0].id
}]

resource operates 'Microsoft.Graph/oauth2PermissionGrants@v1.0' = {
  clientId: me.id
  resourceId: graph.id
  consentType: 'Principal'
  principalId: operatorId
  scope: join(concat(['openid', 'profile', 'offline_access'], delegatedPermissions), ' ')
}

output clientId string = app.appId
