// An OpenID provider that nobody here wrote: oidc-provider, in memory.
//
//     node openid_provider.js '{"port": 0, "issuer": "http://127.0.0.1:…", "accounts": {"ann-1": {claims}}, "clients": [metadata]}'
//
// Prints "ready PORT" when it accepts connections on loopback, and stops when its standard input is closed. Every start
// makes new keys. Whoever writes the name of an account into its page is logged in as that; nobody is asked for consent.
//
// What tests change while it runs: PUT /-/clients/ID and PUT /-/accounts/ID, with the metadata or claims as JSON.
// GET /-/back-channel lists how the clients answered its log-out requests.
'use strict';

const { generateKeyPairSync } = require('node:crypto');
const { text } = require('node:stream/consumers');
const { pathToFileURL } = require('node:url');

// Node has it since 22.1, and oidc-provider uses it.
URL.parse ??= (...args) => (URL.canParse(...args) ? new URL(...args) : null);

const wanted = JSON.parse(process.argv[2] || '{}');
const accounts = new Map(Object.entries(wanted.accounts || {}));
const backChannel = [];

function key(alg, type, options) {
  const { privateKey } = generateKeyPairSync(type, options);
  return { ...privateKey.export({ format: 'jwk' }), alg, kid: `${alg}-${process.pid}`, use: 'sig' };
}

function keys() {
  return [
    key('RS256', 'rsa', { modulusLength: 2048 }),
    key('PS256', 'rsa', { modulusLength: 2048 }),
    key('ES256', 'ec', { namedCurve: 'P-256' }),
    key('EdDSA', 'ed25519'),
  ];
}

function configuration() {
  return {
    clients: wanted.clients || [],
    jwks: { keys: keys() },
    cookies: { keys: ['of these tests alone'] },
    claims: {
      acr: null,
      auth_time: null,
      iss: null,
      sid: null,
      openid: ['sub'],
      profile: ['name', 'preferred_username'],
      email: ['email', 'email_verified'],
      groups: ['groups'],
    },
    scopes: ['openid', 'offline_access', 'profile', 'email', 'groups'],
    acrValues: ['urn:example:silver', 'urn:example:gold'],
    clientAuthMethods: ['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'],
    enabledJWA: { idTokenSigningAlgValues: ['RS256', 'PS256', 'ES256', 'EdDSA'] },
    conformIdTokenClaims: wanted.claims_in_userinfo !== false,
    pkce: { required: () => true },
    features: {
      devInteractions: { enabled: false },
      backchannelLogout: { enabled: true },
      rpInitiatedLogout: { enabled: true },
    },
    // With its own dispatcher it would not go to this machine.
    fetch: (url, { dispatcher, ...options }) => fetch(url, options),
    findAccount: (ctx, id) =>
      accounts.has(id) ? { accountId: id, claims: () => ({ ...accounts.get(id), sub: id }) } : undefined,
    interactions: { url: (ctx, interaction) => `/interaction/${interaction.uid}` },
    loadExistingGrant,
    renderError: (ctx, out) => {
      ctx.body = out;
    },
    ttl: { Interaction: 600, Session: 3600, Grant: 3600, AccessToken: 600, IdToken: 600 },
  };
}

/** A grant of everything that the client asks for. */
async function loadExistingGrant(ctx) {
  const { client, session, params, provider } = ctx.oidc;
  const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
  grant.addOIDCScope(params.scope);
  await grant.save();
  return grant;
}

/** The page on which somebody says who they are, and what comes of it. */
async function interact(provider, ctx) {
  const details = await provider.interactionDetails(ctx.req, ctx.res);
  if (ctx.method === 'GET') {
    ctx.body = '<!DOCTYPE html><title>Log in</title><form method="post"><input name="login"><button>Log in</button></form>';
    return;
  }
  const form = new URLSearchParams(await text(ctx.req));
  const result = accounts.has(form.get('login'))
    ? { login: { accountId: form.get('login'), acr: (details.params.acr_values || '').split(' ')[0] || undefined } }
    : { error: 'access_denied', error_description: 'nobody is called so' };
  ctx.redirect(await provider.interactionResult(ctx.req, ctx.res, result));
  ctx.status = 303;
}

async function change(provider, ctx) {
  const [, , kind, id] = ctx.path.split('/');
  if (ctx.method === 'GET') {
    ctx.body = backChannel;
    return;
  }
  const told = JSON.parse(await text(ctx.req));
  if (kind === 'accounts') accounts.set(decodeURIComponent(id), told);
  else await provider.Client.adapter.upsert(decodeURIComponent(id), { ...told, client_id: decodeURIComponent(id) });
  ctx.status = 204;
}

async function main() {
  // Its folder is in NODE_PATH, which `import` does not look at.
  const { Provider } = await import(pathToFileURL(require.resolve('oidc-provider')));
  const server = require('node:http').createServer((request, response) => answer(request, response));
  await new Promise((resolve) => server.listen(wanted.port || 0, '127.0.0.1', resolve));
  const { port } = server.address();
  const provider = new Provider(wanted.issuer || `http://127.0.0.1:${port}`, configuration());
  provider.use(async (ctx, next) => {
    if (ctx.path.startsWith('/interaction/')) await interact(provider, ctx);
    else if (ctx.path.startsWith('/-/')) await change(provider, ctx);
    else await next();
  });
  provider.on('backchannel.success', (ctx, client, account) => {
    backChannel.push({ client: client.clientId, account, answered: true });
  });
  provider.on('backchannel.error', (ctx, error, client, account) => {
    backChannel.push({ client: client.clientId, account, answered: false, error: error.message });
  });
  provider.on('server_error', (ctx, error) => console.error(error));
  const answer = provider.callback();
  console.log(`ready ${port}`);
}

process.stdin.on('end', () => process.exit(0)).resume();
main().catch((error) => {
  console.error(error);
  process.exit(1);
});
