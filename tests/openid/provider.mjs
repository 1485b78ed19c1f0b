// A certified OpenID provider (panva/oidc-provider) on loopback, as somebody else's Entra. It answers sign-ins; the application's own
// tokens for Graph come from the emulator, to which those requests are handed on. POST /control changes what it signs with.
import { createServer } from 'node:http';
import { generateKeyPairSync } from 'node:crypto';
import Provider from 'oidc-provider';

// Standard output is for the address alone.
console.info = console.warn = console.error;
const settings = JSON.parse(process.argv[2]);
const key = (kid, alg) => {
  const pair = alg === 'ES256' ? generateKeyPairSync('ec', { namedCurve: 'P-256' }) : generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { ...pair.privateKey.export({ format: 'jwk' }), kid, alg, use: 'sig' };
};

const server = createServer();
await new Promise((done) => server.listen(0, '127.0.0.1', done));
const issuer = `http://127.0.0.1:${server.address().port}`;
const cookies = key('cookies').d;

let claims = settings.claims;
function provider(alg, keys) {
  const made = new Provider(issuer, {
    clients: [{
      client_id: settings.client_id, client_secret: settings.client_secret, redirect_uris: [settings.redirect],
      grant_types: ['authorization_code', 'refresh_token'], response_types: ['code'],
      token_endpoint_auth_method: 'client_secret_post', id_token_signed_response_alg: alg,
    }],
    enabledJWA: { idTokenSigningAlgValues: ['RS256', 'PS256', 'ES256', 'HS256'] },
    jwks: { keys }, cookies: { keys: [cookies] }, pkce: { required: () => true },
    claims: { openid: ['sub', ...Object.keys(settings.claims)], acr: null, auth_time: null, iss: null, sid: null },
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ ...claims, sub: id }) }),
    features: { devInteractions: { enabled: false }, claimsParameter: { enabled: true }, rpInitiatedLogout: { enabled: true } },
    interactions: { url: (_, interaction) => `/i/${interaction.uid}` },
    loadExistingGrant: async (ctx) => {
      const grant = new ctx.oidc.provider.Grant({ clientId: ctx.oidc.client.clientId, accountId: ctx.oidc.session.accountId });
      grant.addOIDCScope('openid profile');
      grant.addOIDCClaims(['acrs', 'auth_time']);
      await grant.save();
      return grant;
    },
  });
  return { answer: made.callback(), made };
}

const first = key('first', 'RS256');
let now = provider('RS256', [first]);
let published = null; // what /jwks says, if it is not the truth

const text = async (request) => { let all = ''; for await (const part of request) all += part; return all; };
async function control(request, response) {
  const wish = JSON.parse(await text(request));
  if (wish.claims) claims = { ...settings.claims, ...wish.claims };
  if (wish.sign) {
    const fresh = wish.sign === 'HS256' ? [first] : [key(wish.kid, wish.sign)];
    published = wish.hide ? await (await fetch(`${issuer}/jwks`)).text() : null;
    now = provider(wish.sign, wish.keep ? [...fresh, first] : fresh);
  }
  response.end('{}');
}

server.on('request', async (request, response) => {
  try {
    if (request.url === '/control') return await control(request, response);
    if (request.url.startsWith('/i/')) {
      // No page: whoever comes here has signed in.
      const login = { accountId: claims.oid };
      return await now.made.interactionFinished(request, response, { login }, { mergeWithLastSubmission: false });
    }
    if (request.url === '/jwks' && published) return response.setHeader('content-type', 'application/json').end(published);
    if (request.url === '/token' && request.method === 'POST') {
      const body = await text(request);
      if (new URLSearchParams(body).get('grant_type') === 'client_credentials') {
        const headers = { 'content-type': 'application/x-www-form-urlencoded' };
        const answer = await fetch(settings.graph_tokens, { method: 'POST', headers, body });
        response.writeHead(answer.status, { 'content-type': 'application/json' });
        return response.end(await answer.text());
      }
      request.body = Object.fromEntries(new URLSearchParams(body));
    }
    return now.answer(request, response);
  } catch (error) {
    console.error(error);
    response.statusCode = 500;
    response.end(String(error));
  }
});
// Ends with whoever started it.
process.stdin.resume().on('end', () => process.exit(0));
console.log(issuer);
