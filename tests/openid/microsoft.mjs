// Microsoft's own client libraries against the emulator over TLS: MSAL signs the application and a person in, Microsoft's Graph client reads.
// Prints one JSON object with what they saw; fails where one of them does not take what the emulator says.
import { ConfidentialClientApplication, CryptoProvider } from '@azure/msal-node';
import { Client, PageIterator } from '@microsoft/microsoft-graph-client';

const { url, tenant, client_id, client_secret, redirect, graph_scope } = JSON.parse(process.argv[2]);
const host = new URL(url).host;
const msal = new ConfidentialClientApplication({
  auth: { clientId: client_id, clientSecret: client_secret, authority: `${url}/${tenant}`, knownAuthorities: [host] },
});
// Without the host's name the client would send no token, and say nothing.
const graph = (token) => Client.init({ baseUrl: `${url}/`, customHosts: new Set(['127.0.0.1']), authProvider: (done) => done(null, token) });
const code = async (ask) => { try { await ask; return 'no error'; } catch (error) { return `${error.statusCode} ${error.code}`; } };
const seen = {};

const own = await msal.acquireTokenByClientCredential({ scopes: [`${graph_scope}/.default`] });
const reads = graph(own.accessToken);
const first = await reads.api('/users').top(5).select('id,userPrincipalName').get();
let people = 0;
await new PageIterator(reads, first, () => { people += 1; return true; }).iterate();
seen.people = people;
seen.count = Number(await reads.api('/users/$count').header('ConsistencyLevel', 'eventual').get());
seen.wanda = (await reads.api('/users/wanda@contoso.example').select('id,displayName,onPremisesSyncEnabled').get());
seen.synchronised = (await reads.api('/organization').select('onPremisesSyncEnabled').get()).value[0].onPremisesSyncEnabled;
seen.policies = (await reads.api('/identity/conditionalAccess/policies').get()).value.map((policy) => policy.state);
seen.nobody = await code(reads.api('/users/nobody@contoso.example').get());
seen.not_permitted = await code(reads.api('/users/wanda@contoso.example/authentication/methods').get());

// A person, by code and PKCE, through the emulator's page.
const pkce = await new CryptoProvider().generatePkceCodes();
const asked = { scopes: ['User.Read'], redirectUri: redirect };
const page = await msal.getAuthCodeUrl({ ...asked, codeChallenge: pkce.challenge, codeChallengeMethod: 'S256', nonce: 'a-nonce' });
const form = new URLSearchParams({ account: 'wanda@contoso.example', method: 'passkey', password: '', tap: '' });
const back = await fetch(page, { method: 'POST', body: form, redirect: 'manual' });
const answer = new URL(back.headers.get('location'));
const signedIn = await msal.acquireTokenByCode(
  { ...asked, code: answer.searchParams.get('code'), codeVerifier: pkce.verifier }, { nonce: 'a-nonce', code: answer.searchParams.get('code') });
seen.signed_in = signedIn.idTokenClaims.preferred_username;
seen.same_person = signedIn.idTokenClaims.oid === seen.wanda.id;
seen.me = (await graph(signedIn.accessToken).api('/me').get()).userPrincipalName;
const renewed = await msal.acquireTokenSilent({ account: signedIn.account, scopes: asked.scopes, forceRefresh: true });
seen.renewed = renewed.accessToken !== signedIn.accessToken;
console.log(JSON.stringify(seen));
