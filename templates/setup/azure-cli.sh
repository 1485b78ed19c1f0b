#!/usr/bin/env bash
# The app registration that Passback needs, by the Azure CLI. Read it before you run it; nothing here was run for you.
# Contexts, strength, policy, administrative unit and the scoped role take Graph PowerShell: `passback setup --as powershell`, parts 3 to
# 6. (Signed in as a user, the CLI lacks the permissions for Conditional Access.)
set -euo pipefail
{%- if cloud == "us-gov" || cloud == "us-gov-dod" %}
az cloud set --name AzureUSGovernment
{%- endif %}
az login{% if let Some(tenant) = tenant %} --tenant '{{ tenant }}'{% endif %} --allow-no-subscriptions >/dev/null
graph=00000003-0000-0000-c000-000000000000
role() { az ad sp show --id "$graph" --query "appRoles[?value=='$1'].id | [0]" --output tsv; }
scope() { az ad sp show --id "$graph" --query "oauth2PermissionScopes[?value=='$1'].id | [0]" --output tsv; }

folder=$(mktemp -d)
cat >"$folder/claims.json" <<'JSON'
{"idToken":[{"name":"auth_time"},{"name":"acct"},{"name":"login_hint"}],"accessToken":[],"saml2Token":[]}
JSON
cat >"$folder/roles.json" <<'JSON'
[{"allowedMemberTypes":["User"],"displayName":"Passback Agent","description":"Works cases","value":"Passback.Agent","isEnabled":true},
 {"allowedMemberTypes":["User"],"displayName":"Passback Approver","description":"The second person","value":"Passback.Approver","isEnabled":true},
 {"allowedMemberTypes":["User"],"displayName":"Passback Auditor","description":"Reads the audit","value":"Passback.Auditor","isEnabled":true},
 {"allowedMemberTypes":["User"],"displayName":"Passback Admin","description":"Links the operator, pauses","value":"Passback.Admin","isEnabled":true}]
JSON
{
  printf '[{"resourceAppId":"%s","resourceAccess":[' "$graph"
  first=1
  add() { [ -n "$first" ] || printf ','; first=; printf '{"id":"%s","type":"%s"}' "$1" "$2"; }
{%- for (name, why) in application %}
  add "$(role {{ name }})" Role  # {{ why }}
{%- endfor %}
{%- for (name, why) in delegated %}
  add "$(scope {{ name }})" Scope  # {{ why }}
{%- endfor %}
  printf ']}]'
} >"$folder/access.json"

app=$(az ad app create --display-name Passback --sign-in-audience AzureADMyOrg \
  --web-redirect-uris '{{ public_url }}signin/callback' \
  --enable-id-token-issuance false --enable-access-token-issuance false \
  --optional-claims "@$folder/claims.json" --app-roles "@$folder/roles.json" \
  --required-resource-accesses "@$folder/access.json" --query appId --output tsv)
az ad sp create --id "$app" >/dev/null
# Consents to everything above, as a Global or Privileged Role Administrator. Never add as application permissions:
# {% for name in forbidden %}{{ name }}{% if !loop.last %}, {% endif %}{% endfor %}. They reach administrators.
az ad app permission admin-consent --id "$app"
rm -r "$folder"
echo "entra.client_id = \"$app\""
