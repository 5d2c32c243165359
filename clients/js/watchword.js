// The client of Watchword for browsers and Node: fetch that knows who is logged in. Types and manual: watchword.d.ts

const OURS = "urn:watchword:problem:";
const TIMEOUT = 20_000; // milliseconds for a request of the client's own: nobody waits for ever for a lock, or a log-in
const LEASE = 2 * TIMEOUT;
const SETTLING = 60; // until all tabs see what one has stored

// --- what an answer says ---------------------------------------------------------------------------------------------

const ADVICE = new Map();
for (const [advice, names] of [
  ["proceed", "C00 C01 C02 C06 C22 preflight"],
  ["refresh", "C09 invalid-token expired-token expired-nonce expired-signature invalid-auth-key expired-auth-key"],
  ["log-in", "C03 C04 C05 C07 C08 C23 authentication-required session-expired session-invalid malformed-credentials"
    + " invalid-credentials log-in-refused invalid-id-token unknown-log-in expired-mfa-token invalid-signature"
    + " invalid-api-key expired-api-key invalid-certificate expired-certificate login"],
  ["step-up", "C15 step-up-required"],
  ["wait", "C16 C17 C21 throttled unavailable third-party-unavailable third-party-slow third-party-limited"],
  ["stop", "C10 C11 C12 C13 C14 C18 C19 C20 C25 C28 invalid-proxy-identity invalid-request conflicting-credentials"
    + " insufficient-scope forbidden not-exposed unknown-identity not-yours csrf tls-required peer-not-allowed"
    + " header-too-large third-party-credential-rejected third-party-scope-missing third-party-credential"],
]) for (const name of names.split(" ")) ADVICE.set(name, advice);

const BY_STATUS = { 403: "stop", 407: "stop", 429: "wait", 431: "stop", 503: "wait" };
const BY_ERROR = new Map([
  ["invalid_token", "refresh"],
  ["insufficient_user_authentication", "step-up"],
  ["insufficient_scope", "stop"],
  ["invalid_request", "stop"],
]);

const ours = (problem) => (String(problem?.type).startsWith(OURS) ? problem : {});
const cellOf = (response, problem) => ours(problem).cell ?? response.headers.get("auth-decision")?.split(";")[0];

export function advice(response, problem) {
  const { status, headers } = response;
  // What a third party said is relayed under this field; whatever its content claims, it is not about our log-in.
  if (status < 300 || headers.has("integration-provider")) return "proceed";
  const cell = cellOf(response, problem);
  const told = (cell !== "C25" && ADVICE.get(ours(problem).code)) || ADVICE.get(cell);
  if (told || status !== 401) return told ?? BY_STATUS[status] ?? "proceed";
  for (const { scheme, params } of parseChallenges(headers.get("www-authenticate"))) {
    const digest = scheme.toLowerCase() === "digest";
    const said = digest ? /^true$/i.test(params.stale) && "refresh" : BY_ERROR.get(params.error);
    if (said) return said;
  }
  return "log-in";
}

/** Only then may a request that changes something be repeated. */
function nothingWasDone({ status, code, cell }) {
  if (cell === "C21" || code?.startsWith("third-party")) return false;
  return status === 429 || ["C16", "C17", "throttled", "unavailable"].some((it) => it === cell || it === code);
}

export class WatchwordError extends Error {
  constructor(response, problem, options) {
    const status = response?.status ?? 0;
    // No words of the server's: they might hold what was sent to it.
    const code = [problem?.code, problem?.error].find((it) => /^[a-z][a-z_-]{1,63}$/.test(it)) ?? null;
    super(status ? `The server answered ${status}${code ? ` (${code})` : ""}.` : "The server did not answer.", options);
    this.name = "WatchwordError";
    this.status = status;
    this.code = code;
    this.cell = (status && cellOf(response, problem)) || null;
    this.provider = problem?.provider ?? null;
    this.providerStatus = problem?.provider_status ?? null;
    this.retryAfter = status ? retryAfter(response.headers.get("retry-after")) : null;
    this.advice = status ? advice(response, problem) : "wait";
  }

  static async from(response) {
    const told = /^application\/problem\+json\b/i.test(response.headers.get("content-type")) && !response.bodyUsed;
    return new WatchwordError(response, told && (await response.clone().json().catch(() => null)));
  }
}

/** In seconds (RFC 9110 section 10.2.3). */
function retryAfter(value) {
  if (/^\d+$/.test(value)) return Number(value);
  const date = /GMT$/.test(value) ? Date.parse(value) : NaN;
  return Number.isNaN(date) ? null : Math.max(0, Math.ceil((date - Date.now()) / 1000));
}

// --- challenges: RFC 9110 sections 5.6 and 11.6.1 --------------------------------------------------------------------

const TOKEN = "[!#$%&'*+\\-.^_`|~\\w]+"; // \w = DIGIT / ALPHA / "_"
const UNQUOTABLE = "\\x00-\\x08\\x0a-\\x1f\\x7f\\ud800-\\udfff"; // what neither qdtext nor quoted-pair may be
const QUOTED = `"((?:[^"\\\\${UNQUOTABLE}]|\\\\[^${UNQUOTABLE}])*)"`;
const PARAM = new RegExp(`^(${TOKEN})[ \\t]*=[ \\t]*(?:(${TOKEN})|${QUOTED})$`, "u");
const CHALLENGE = new RegExp(`^(${TOKEN})(?: +(.*))?$`, "s");
const TOKEN68 = /^[\w\-.~+/]+=*$/;
const PIECE = /[^",]+|,|"(?:[^"\\]|\\.)*(?:"|\\?$)/gs;

export function parseChallenges(value) {
  const found = [];
  let open = null;
  for (const member of members(decoded(value ?? ""))) {
    const param = PARAM.exec(member);
    if (param) {
      open?.push(param);
      continue;
    }
    open = null;
    const [, scheme, rest] = CHALLENGE.exec(member) ?? [];
    if (!scheme) continue;
    const first = rest && PARAM.exec(rest);
    if (!rest || first) found.push({ scheme, params: (open = first ? [first] : []), token68: null });
    else if (TOKEN68.test(rest)) found.push({ scheme, params: [], token68: rest });
  }
  return found.flatMap(({ scheme, params, token68 }) => {
    const read = Object.create(null);
    for (const [, name, token, quoted] of params) read[name.toLowerCase()] = token ?? quoted.replace(/\\(.)/gsu, "$1");
    // Where a parameter stands twice, nobody can say which one is meant.
    return Object.keys(read).length === params.length ? [{ scheme, params: read, token68 }] : [];
  });
}

/** The members of a list that are not empty; quotes protect commas. */
function members(text) {
  const listed = [""];
  for (const [piece] of text.matchAll(PIECE)) piece === "," ? listed.push("") : (listed[listed.length - 1] += piece);
  return listed.flatMap((member) => /[^ \t](?:.*[^ \t])?/s.exec(member) ?? []);
}

/** Fields arrive as one character for each byte; where those bytes are UTF-8, they are read as that. */
function decoded(value) {
  if (!/[\x80-\xff]/.test(value) || /[^\0-\xff]/.test(value)) return value;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(
      Uint8Array.from(value, (it) => it.charCodeAt(0)),
    );
  } catch {
    return value;
  }
}

// --- the client ------------------------------------------------------------------------------------------------------

const MODES = ["session", "tokens", "session-token", "auth-token"];

export function createClient({
  baseUrl, mode = "session", origins = [], storage, patience = 5, onLoginNeeded, onStepUp, onChange, fetch: given,
} = {}) {
  if (!MODES.includes(mode)) throw new TypeError(`No such mode: ${mode}`);
  const { location } = globalThis;
  const base = new URL(baseUrl ?? location?.origin, location?.href).href.replace(/\/+$/, "");
  const own = new Set([base, ...origins].map((url) => new URL(url).origin));
  const byCookie = mode === "session";
  const inBody = mode === "session-token" && { delivery: "body" };
  const key = `watchword ${mode} ${base}`;
  const send = (...request) => (given ?? globalThis.fetch)(...request);
  let held = null; // {access, name?, refresh?, until?}: what is in use where nothing is stored
  let half = null; // {name, content}: a log-in that waits for a code
  let logIns = 0;
  let refreshing = null;
  const asking = {}; // questions to the person that wait for an end, by kind
  const asked = {}; // how many had one

  // --- what is kept

  function load() {
    try {
      return storage ? JSON.parse(storage.getItem(key)) : held;
    } catch {
      return held;
    }
  }

  function keep(credential) {
    held = credential;
    try {
      if (credential) storage?.setItem(key, JSON.stringify(credential));
      else storage?.removeItem(key);
    } catch {
      // Full, or forbidden: this tab goes on by itself, and leaves the others nothing that is spent.
      const former = storage;
      storage = null;
      try {
        former.removeItem(key);
      } catch {
        // So nothing can be there.
      }
    }
  }

  /** Keep a successor, unless somebody logged in or out meanwhile. */
  function replace(before, credential) {
    if (load()?.access === before.access) keep(credential);
  }

  const authorization = ({ name, access }) => (mode === "auth-token" ? basic(name, access) : `Bearer ${access}`);

  // --- requests of the client's own

  async function ask(path, content, { method = "POST", proof } = {}) {
    const headers = { Accept: "application/json", "No-Auth-Challenge": "true" };
    if (content) headers["Content-Type"] = "application/json";
    if (proof) headers.Authorization = proof;
    try {
      const response = await send(`${base}/${path}`, {
        method,
        headers,
        body: content && JSON.stringify(content),
        cache: "no-store",
        credentials: byCookie ? "include" : "omit",
        redirect: "error",
        signal: AbortSignal.timeout(TIMEOUT),
      });
      return [response, (await response.json().catch(() => null)) ?? {}];
    } catch (cause) {
      throw new WatchwordError(null, null, { cause });
    }
  }

  /** One for all calls of this tab, and one tab at a time. Null where the log-in is over. */
  function refresh(before) {
    return (refreshing ??= exclusively(key, storage, async () => {
      const now = load();
      if (now?.access !== before.access) return now; // another tab was quicker
      const [response, told] = await ask("auth/token", { grant_type: "refresh_token", refresh_token: now.refresh });
      const after = response.ok ? credentialOf(response, told, now.name) : null;
      // Only this says that the log-in is over. Whatever else comes is an outage, and logs nobody out.
      if (!after && !([400, 401].includes(response.status) && told.error === "invalid_grant")) {
        throw new WatchwordError(response, told);
      }
      replace(now, after);
      return load();
    }).finally(() => (refreshing = null)));
  }

  function credentialOf(response, told, name) {
    const access = told.access_token ?? told.session_token ?? told.auth_token ?? response.headers.get("auth-token");
    if (typeof access !== "string") return null;
    const until = told.expires_in && Date.now() + told.expires_in * 1000;
    return { name, access, refresh: told.refresh_token, until };
  }

  // --- everybody's requests

  /** Redirects may lead to others, who say nothing about our credentials. */
  const isAway = ({ redirected, url }) => redirected && !own.has(new URL(url).origin);

  async function call(input, init = {}, quiet = false) {
    const request = input?.url === undefined ? null : input;
    const url = new URL(request ? request.url : input, `${base}/`);
    if (!own.has(url.origin)) return send(request ?? url, init);
    const headers = new Headers(init.headers ?? request?.headers);
    if (!headers.has("no-auth-challenge")) headers.set("No-Auth-Challenge", "true");
    const theirs = headers.has("authorization"); // who brings credentials knows what to do about the answer
    const [wanted, other] = byCookie ? ["include", "omit"] : ["omit", "include"];
    const credentials = init.credentials ?? (request?.credentials === other ? other : wanted);
    const signal = init.signal ?? request?.signal;
    const repeatable = !streams(init.body);
    const copy = request && repeatable && !init.body && !theirs ? request.clone() : request;

    async function attempt(target, credential) {
      if (!theirs) headers.delete("authorization");
      if (credential) headers.set("Authorization", authorization(credential));
      const response = await send(target, { ...init, headers, credentials });
      if (isAway(response)) return response;
      const [info] = parseChallenges(`x ${response.headers.get("authentication-info")}`);
      const next = mode === "auth-token" ? response.headers.get("auth-token") : info?.params.session_token;
      if (credential && next) replace(credential, { ...credential, access: next });
      return response;
    }

    let credential = byCookie || theirs ? null : load();
    const spent = credential?.refresh && credential.until <= Date.now();
    if (spent) credential = await orAborted(refresh(credential), signal);
    const before = { logIns, asking: { ...asking }, asked: { ...asked } };
    const response = await attempt(request ?? url, credential);
    if (response.status < 300 || theirs || isAway(response)) return response;
    const error = await WatchwordError.from(response);

    const changed = () => {
      if (byCookie) return logIns !== before.logIns;
      const now = load()?.access;
      return now && now !== credential?.access;
    };
    /** One question to the person for all calls; none for what the one that asks sends, which would wait for itself. */
    const person = (kind, handler) => {
      if (changed()) return true;
      if (quiet || !handler || before.asking[kind] || before.asked[kind] !== asked[kind]) return false;
      return (asking[kind] ??= (async () => {
        await null; // so that whatever the handler sends knows that the question is being asked
        const counted = logIns;
        try {
          return (await handler(error)) === true || logIns !== counted;
        } finally {
          asking[kind] = null;
          asked[kind] = (asked[kind] ?? 0) + 1;
        }
      })());
    };
    async function remedied() {
      switch (error.advice) {
        case "wait": {
          const { retryAfter } = error;
          const safe = /^(?:GET|HEAD|OPTIONS)$/i.test(init.method ?? request?.method ?? "GET");
          if (quiet || !repeatable || retryAfter === null || retryAfter > patience) return false;
          if (!safe && !nothingWasDone(error)) return false;
          await sleep(retryAfter * 1000 * (1 + Math.random() / 4), signal); // not everybody at once
          return true;
        }
        case "refresh":
          if (changed()) return true;
          if (spent && credential) return false; // it was fresh, and is not taken here
          if (credential?.refresh && await refresh(credential)) return true;
          return person("log-in", onLoginNeeded);
        case "log-in":
          return person("log-in", onLoginNeeded);
        case "step-up":
          return person("step-up", onStepUp);
        default:
          return false;
      }
    }
    if (!(await orAborted(remedied(), signal)) || !repeatable) return response;
    const now = byCookie ? null : load();
    // What one person wanted is not done in the name of another, who has logged in meanwhile.
    if (now && credential && now.name !== credential.name) return response;
    await response.body?.cancel();
    return attempt(copy ?? url, now);
  }

  // --- logging in and out

  function begun(response, told, name, more) {
    const credential = credentialOf(response, told, name);
    if (!response.ok || !(byCookie || credential)) {
      if (told.mfa_token) half = { name, content: { ...more, mfa_token: told.mfa_token, code: undefined } };
      else if (told.code === "expired-mfa-token") half = null;
      throw new WatchwordError(response, told);
    }
    half = null;
    keep(byCookie ? null : credential);
    logIns += 1;
    tell(true);
    const { subject, roles, permissions, session } = told;
    return { authenticated: true, subject, roles, permissions, session };
  }

  async function logIn(name, password, more) {
    half = null;
    if (mode !== "auth-token") {
      const path = mode === "tokens" ? "auth/login" : "login";
      return begun(...(await ask(path, { ...more, username: name, password, ...inBody })), name, more);
    }
    const how = { method: "GET", proof: basic(name, password) };
    const get = (path) => ask(`${path}/${encodeURIComponent(name)}`, null, how);
    const [response, told] = await get("roles");
    if (!response.ok || response.headers.has("auth-token")) return begun(response, told, name);
    const [shown, token] = await get("tokens"); // where answers do not carry it unasked
    return begun(shown, { ...token, roles: told.roles }, name);
  }

  async function finishLogIn(code) {
    const now = half || byCookie ? null : load();
    const path = mode === "tokens" ? "auth/login/second-factor" : "login/second-factor";
    const { name, content } = half ?? { name: now?.name };
    const [response, told] = await ask(path, { ...content, code, ...inBody }, { proof: now && authorization(now) });
    return begun(response, told, name, content);
  }

  async function logOut() {
    const now = load();
    if (byCookie || now) {
      const proof = now && authorization(now);
      const [response, told] = mode === "tokens" ? await ask("auth/logout", { refresh_token: now.refresh })
        : mode === "auth-token" ? await ask(`tokens/${encodeURIComponent(now.name)}`, null, { method: "DELETE", proof })
          : await ask("logout", null, { proof });
      // 401: what was to be ended had ended.
      if (!response.ok && response.status !== 401) throw new WatchwordError(response, told);
    }
    forget();
  }

  function forget() {
    half = null;
    keep(null);
    tell(false);
  }

  async function session() {
    if (!byCookie && !load()) return { authenticated: false };
    let response;
    try {
      const init = { cache: "no-store", redirect: "error", signal: AbortSignal.timeout(TIMEOUT) };
      response = await call(`${base}/session`, init, true);
      if (response.ok) return await response.json();
    } catch (cause) {
      throw cause instanceof WatchwordError ? cause : new WatchwordError(null, null, { cause });
    }
    if (response.status === 401) return { authenticated: false };
    throw await WatchwordError.from(response);
  }

  // --- other tabs, which share a cookie or a storage

  const shared = (byCookie || storage) && globalThis.BroadcastChannel;
  const heard = shared && onChange ? new BroadcastChannel(key) : null;
  if (heard) heard.onmessage = ({ data }) => onChange(data === true);
  heard?.unref?.(); // Node would not end

  function tell(loggedIn) {
    if (!shared) return;
    const channel = heard ?? new BroadcastChannel(key);
    channel.postMessage(loggedIn);
    if (!heard) channel.close();
  }

  return { fetch: (input, init) => call(input, init), logIn, finishLogIn, logOut, forget, session };
}

// --- means -----------------------------------------------------------------------------------------------------------

const sleep = (milliseconds, signal) => new Promise((resolve) => {
  const timer = setTimeout(resolve, milliseconds);
  signal?.addEventListener("abort", () => clearTimeout(timer), { once: true });
});

function basic(name, password) {
  return `Basic ${btoa(String.fromCharCode(...new TextEncoder().encode(`${name}:${password}`)))}`;
}

/** Sent once, and gone. */
function streams(body) {
  return typeof body?.getReader === "function" || typeof body?.[Symbol.asyncIterator] === "function";
}

async function orAborted(work, signal) {
  let stop;
  const aborted = new Promise((resolve, reject) => {
    stop = () => reject(signal.reason);
    signal?.addEventListener("abort", stop);
    if (signal?.aborted) stop();
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal?.removeEventListener("abort", stop);
  }
}

/** One tab at a time. Without a storage there is nothing that tabs could get into each other's way with. */
function exclusively(name, storage, work) {
  if (!storage) return work();
  const { locks } = globalThis.navigator ?? {}; // only where the page came by TLS, or from this machine
  // The lease is taken under a lock, too: a lock may come sooner than what the tab before has written.
  const alone = () => leased(`${name} lock`, storage, work);
  return locks ? locks.request(name, alone) : alone();
}

async function leased(lock, storage, work) {
  const me = Math.random().toString(36);
  for (;;) {
    const [owner, until] = (storage.getItem(lock) ?? "").split(" ");
    const runs = until > Date.now() && until <= Date.now() + LEASE;
    if (runs && owner === me) break;
    try {
      // A storage cannot compare and swap: of several who write at once, the last is found there a moment later.
      if (!runs) storage.setItem(lock, `${me} ${Date.now() + LEASE}`);
    } catch {
      break; // full: better two refreshes, of which the server makes one, than none
    }
    await sleep(SETTLING);
  }
  try {
    return await work();
  } finally {
    if (storage.getItem(lock)?.startsWith(me)) storage.removeItem(lock);
  }
}
