// What the client does with answers, with tokens, with bodies, and with people.

import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";

import { createClient, WatchwordError } from "../watchword.js";
import { granted, Kept, refusal, Scripted } from "./scripted.js";

const EXPIRED = refusal(401, "C09", "expired-token");
const NOBODY = refusal(401, "C03", "authentication-required");
const OVER = { status: 400, content: { error: "invalid_grant" } };

let server;
before(async () => {
  server = await Scripted.start();
});
after(() => server.stop());
beforeEach(() => {
  server.asked.length = 0;
  current = "";
});

let current = "";

/** Log-ins and refreshes give tokens, of which the last one is good; without it, `refused` is answered. */
function lastOneIsGood(refused = EXPIRED, redeem = granted) {
  server.answer = async (asked) => {
    const { path, fields } = asked;
    if (/^\/(auth\/)?login|^\/roles\//.test(path) || path === "/auth/token") {
      const told = path === "/auth/token" ? await redeem(asked) : granted();
      current = told?.content?.access_token ?? current;
      return told;
    }
    if (path.startsWith("/auth/logout")) return { status: 204 };
    if (!fields.has("authorization")) return NOBODY;
    return fields.get("authorization") === `Bearer ${current}` ? {} : refused;
  };
}

async function loggedIn(options = {}) {
  const client = createClient({ baseUrl: server.url, mode: "tokens", ...options });
  await client.logIn("ann", "secret");
  return client;
}

const expire = () => (current = "another");
const statuses = async (calls) => (await Promise.all(calls)).map(({ status }) => status);
const later = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

test("a call of one person is not repeated for another who logged in meanwhile, in another tab", async () => {
  lastOneIsGood();
  const storage = new Kept();
  const client = await loggedIn({ storage });
  const other = createClient({ baseUrl: server.url, mode: "tokens", storage });
  expire();
  const { answer } = server;
  server.answer = async (asked) => {
    if (asked.path === "/orders" && server.at("/orders").length === 1) await other.logIn("bob", "secret");
    return asked.path === "/orders" && server.at("/orders").length === 1 ? EXPIRED : answer(asked);
  };
  assert.equal((await client.fetch("/orders", { method: "POST", body: "{}" })).status, 401);
  assert.equal(server.at("/orders").length, 1);
  assert.equal((await client.fetch("/orders")).status, 200);
});

test("an answer from elsewhere, after a redirect, is handed on and changes nothing S2_41", async () => {
  const elsewhere = await Scripted.start();
  try {
    const storage = new Kept();
    const asked = [];
    const fields = { "authentication-info": 'session_token="theirs"' };
    elsewhere.answer = () => refusal(401, "C09", "expired-token", { fields });
    server.answer = ({ path }) => (path === "/login" ? granted()
      : { status: 307, fields: { location: `${elsewhere.url}/there` } });
    const client = createClient({
      baseUrl: server.url, mode: "session-token", storage, onLoginNeeded: (error) => asked.push(error),
    });
    await client.logIn("ann", "secret");
    const held = [...storage.values()];
    assert.equal((await client.fetch("/away")).status, 401);
    assert.deepEqual([...storage.values()], held);
    assert.equal(elsewhere.asked[0].fields.has("authorization"), false);
    assert.deepEqual([asked.length, elsewhere.asked.length], [0, 1]);
    await assert.rejects(client.session(), WatchwordError); // nor is it who tells who is logged in
    assert.equal(elsewhere.asked.length, 1);
  } finally {
    await elsewhere.stop();
  }
});

// --- refreshing ------------------------------------------------------------------------------------------------------

test("twenty calls that are refused at one time share one refresh S2_41", async () => {
  lastOneIsGood();
  const client = await loggedIn();
  expire();
  assert.deepEqual(await statuses(Array.from({ length: 20 }, (_, n) => client.fetch(`/${n}`))), Array(20).fill(200));
  assert.equal(server.at("/auth/token").length, 1);
  assert.equal(server.asked.length, 1 + 20 + 1 + 20);
});

test("a call that is refused when the refresh is over is repeated without another", async () => {
  lastOneIsGood();
  const client = await loggedIn();
  expire();
  const quick = server.answer;
  server.answer = async (asked) => {
    const told = await quick(asked);
    if (asked.path === "/slow" && told.status === 401) await later(100);
    return told;
  };
  assert.deepEqual(await statuses([client.fetch("/slow"), client.fetch("/quick")]), [200, 200]);
  assert.equal(server.at("/auth/token").length, 1);
});

test("tabs that share a storage share a refresh, by a lease where there are no locks", async () => {
  lastOneIsGood();
  const storage = new Kept();
  const tabs = [await loggedIn({ storage }), ...Array.from({ length: 3 }, () => tab(storage))];
  expire();
  const calls = tabs.flatMap((client) => Array.from({ length: 5 }, () => client.fetch("/thing")));
  assert.deepEqual(await statuses(calls), Array(20).fill(200));
  assert.equal(server.at("/auth/token").length, 1);
  assert.equal(storage.size, 1, "no lease is left");
});

const tab = (storage) => createClient({ baseUrl: server.url, mode: "tokens", storage });

test("a lease that a closed tab left behind holds nobody up for longer than it lasts", async () => {
  lastOneIsGood();
  const storage = new Kept();
  const client = await loggedIn({ storage });
  expire();
  const [key] = storage.keys();
  storage.setItem(`${key} lock`, `closed ${Date.now() + 150}`);
  assert.equal((await client.fetch("/thing")).status, 200);
});

test("tokens that another tab rotated are taken up", async () => {
  lastOneIsGood();
  const storage = new Kept();
  const [one, two] = [await loggedIn({ storage }), tab(storage)];
  expire();
  await one.fetch("/thing");
  assert.equal((await two.fetch("/thing")).status, 200);
  assert.equal(server.at("/auth/token").length, 1);
});

test("a token whose time is over is renewed before it is sent", async () => {
  lastOneIsGood(EXPIRED, () => {
    const told = granted();
    return { ...told, content: { ...told.content, expires_in: 900 } };
  });
  const answer = server.answer;
  server.answer = async (asked) => {
    const told = await answer(asked);
    if (asked.path === "/auth/login") told.content.expires_in = 0.001;
    return told;
  };
  const client = await loggedIn();
  await later(5);
  const body = new Blob(["data"]).stream();
  assert.equal((await client.fetch("/thing", { method: "POST", body, duplex: "half" })).status, 200);
  assert.deepEqual(server.asked.map(({ path }) => path), ["/auth/login", "/auth/token", "/thing"]);
});

for (const [why, outage] of Object.entries({
  "503": () => ({ status: 503, fields: { "retry-after": "7" }, content: { error: "temporarily_unavailable" } }),
  "500": () => ({ status: 500 }),
  "429": () => ({ status: 429 }),
  "a page of a proxy": () => ({ status: 400, fields: { "content-type": "text/html" } }),
  "200 with something else": () => ({ content: { hello: 1 } }),
  "a redirect": () => ({ status: 302, fields: { location: "/elsewhere" } }),
  "no answer": () => null,
})) {
  test(`a refresh that cannot be had logs nobody out: ${why} C17`, async () => {
    let out = outage;
    lastOneIsGood(EXPIRED, () => out());
    let asked = 0;
    const client = await loggedIn({ onLoginNeeded: () => (asked += 1) });
    expire();
    await assert.rejects(client.fetch("/thing"), (error) => {
      assert.ok(error instanceof WatchwordError);
      if (why === "503") assert.deepEqual([error.status, error.retryAfter, error.advice], [503, 7, "wait"]);
      if (why === "no answer") assert.deepEqual([error.status, error.advice], [0, "wait"]);
      return true;
    });
    assert.equal(asked, 0);
    out = granted;
    assert.equal((await client.fetch("/thing")).status, 200);
  });
}

test("a refresh that is refused ends the log-in, and the person is asked once C09", async () => {
  lastOneIsGood(EXPIRED, () => OVER);
  let asked = 0;
  const client = await loggedIn({
    async onLoginNeeded(error) {
      asked += 1;
      assert.equal(error.code, "expired-token");
      await client.logIn("ann", "secret");
    },
  });
  expire();
  assert.deepEqual(await statuses([1, 2, 3].map((n) => client.fetch(`/${n}`))), [200, 200, 200]);
  assert.equal(asked, 1);
  assert.equal(server.at("/auth/token").length, 1);
});

test("a fresh token that is not taken either is no reason for more", async () => {
  server.answer = ({ path }) => (path.startsWith("/auth/") ? granted() : EXPIRED);
  let asked = 0;
  const client = await loggedIn({ onLoginNeeded: () => (asked += 1) });
  assert.equal((await client.fetch("/thing")).status, 401);
  assert.deepEqual([server.at("/thing").length, server.at("/auth/token").length, asked], [2, 1, 0]);
});

test("who logs out while a refresh is under way stays logged out", async () => {
  let redeem;
  lastOneIsGood(EXPIRED, () => new Promise((resolve) => (redeem = () => resolve(granted()))));
  const storage = new Kept();
  const client = await loggedIn({ storage });
  expire();
  const call = client.fetch("/thing");
  while (!redeem) await later(5);
  await client.logOut();
  redeem();
  assert.equal((await call).status, 401);
  assert.deepEqual(await client.session(), { authenticated: false });
  assert.equal(storage.size, 0);
});

test("as long as all goes well, nothing is sent but the calls S2_46", async () => {
  lastOneIsGood();
  const client = await loggedIn();
  await statuses(Array.from({ length: 50 }, () => client.fetch("/thing")));
  assert.equal(server.asked.length, 1 + 50);
});

// --- what is sent, and to whom ---------------------------------------------------------------------------------------

test("credentials go to the own origins and to nobody else S2_41", async () => {
  lastOneIsGood();
  const stranger = await Scripted.start();
  const friend = await Scripted.start();
  const client = await loggedIn({ origins: [friend.url] });
  await client.fetch(stranger.url);
  await client.fetch(new Request(stranger.url, { headers: { "x-own": "1" } }));
  await client.fetch(friend.url);
  for (const { fields } of stranger.asked) {
    assert.equal(fields.get("authorization"), null);
    assert.equal(fields.get("no-auth-challenge"), null);
  }
  assert.equal(stranger.asked[1].fields.get("x-own"), "1");
  assert.equal(friend.asked[0].fields.get("authorization"), `Bearer ${current}`);
  await Promise.all([stranger.stop(), friend.stop()]);
});

test("a redirect takes no token to another origin", async () => {
  const stranger = await Scripted.start();
  lastOneIsGood();
  const { answer } = server;
  const away = { status: 307, fields: { location: stranger.url } };
  server.answer = (asked) => (asked.path === "/away" ? away : answer(asked));
  const client = await loggedIn();
  assert.equal((await client.fetch("/away")).status, 200);
  assert.equal(stranger.asked[0].fields.get("authorization"), null);
  await stranger.stop();
});

test("every request to the own server asks to be spared pop-ups, and nothing secret is in an address", async () => {
  lastOneIsGood();
  for (const mode of ["session", "tokens", "session-token", "auth-token"]) {
    const client = await loggedIn({ mode });
    await client.fetch("thing?x=1");
    await client.session().catch(() => null);
    await client.logOut().catch(() => null);
  }
  for (const { path, fields } of server.asked) {
    assert.equal(fields.get("no-auth-challenge"), "true", path);
    assert.doesNotMatch(path, /secret|access-|refresh-|ww_/);
  }
});

test("cookies are sent in one mode and in no other", async () => {
  const sent = {};
  for (const mode of ["session", "tokens", "session-token", "auth-token"]) {
    const seen = (sent[mode] = []);
    const transport = (input, init) => {
      seen.push(init.credentials);
      const { fields: headers, content } = granted();
      return Promise.resolve(Response.json(content, { headers }));
    };
    const client = createClient({ baseUrl: "https://example.com", mode, fetch: transport });
    await client.logIn("ann", "secret").catch(() => null);
    await client.fetch("/a");
    await client.fetch(new Request("https://example.com/b"));
    await client.fetch("/c", { credentials: "same-origin" });
  }
  const [others, cookie] = [["omit", "omit", "omit", "same-origin"], ["include", "include", "include", "same-origin"]];
  assert.deepEqual(sent, { session: cookie, tokens: others, "session-token": others, "auth-token": others });
});

test("a request with credentials of its own is left alone", async () => {
  lastOneIsGood();
  const client = await loggedIn();
  const headers = { Authorization: "Basic eDp5" };
  assert.equal((await client.fetch("/thing", { headers })).status, 401);
  assert.equal((await client.fetch(new Request(`${server.url}/thing`, { headers }))).status, 401);
  assert.deepEqual(server.at("/thing").map(({ fields }) => fields.get("authorization")), ["Basic eDp5", "Basic eDp5"]);
});

test("addresses begin at the base, with its path", async () => {
  server.answer = ({ path }) => (path.startsWith("/base/") ? granted() : { status: 404 });
  const client = createClient({ baseUrl: `${server.url}/base/`, mode: "tokens" });
  await client.logIn("ann", "secret");
  await client.fetch("thing");
  await client.fetch("/thing");
  await client.fetch(new URL(`${server.url}/other`));
  assert.deepEqual(server.asked.map(({ path }) => path), ["/base/auth/login", "/base/thing", "/thing", "/other"]);
});

test("bodies are repeated as they were, and streams are not", async () => {
  lastOneIsGood();
  const client = await loggedIn();
  const form = new FormData();
  form.set("file", new Blob(["inside"]), "a.txt");
  const bodies = ["text", form, new URLSearchParams("a=b"), new Blob(["blob"]), new TextEncoder().encode("bytes")];
  const wholes = bodies.map((body) => () => client.fetch("/thing", { method: "POST", body }));
  const request = () => new Request(`${server.url}/thing`, { method: "PUT", body: '{"a": 1}' });
  for (const whole of [...wholes, () => client.fetch(request())]) {
    expire();
    server.asked.length = 0;
    assert.equal((await whole()).status, 200);
    const [first, second] = server.at("/thing").map(({ text }) => text.replaceAll(/-+formdata-\S+/g, "--"));
    assert.ok(first);
    assert.equal(second, first);
  }
  async function* pieces() {
    yield new TextEncoder().encode("piece");
  }
  for (const body of [new Blob(["stream"]).stream(), pieces()]) {
    expire();
    server.asked.length = 0;
    assert.equal((await client.fetch("/thing", { method: "POST", body, duplex: "half" })).status, 401);
    assert.equal(server.at("/thing").length, 1);
    assert.equal(server.at("/auth/token").length, 1);
    assert.equal((await client.fetch("/thing", { method: "POST", body: "again" })).status, 200);
  }
});

test("answers are left to be read, whatever their status", async () => {
  server.answer = ({ path }) => (path === "/login" ? granted() : refusal(403, "C12", "forbidden", { detail: "No." }));
  const client = await loggedIn({ mode: "session" });
  const response = await client.fetch("/thing");
  assert.equal(response.status, 403);
  assert.equal((await response.json()).detail, "No.");
  server.answer = () => null;
  await assert.rejects(client.fetch("/thing"), TypeError);
});

// --- aborting, and waiting -------------------------------------------------------------------------------------------

test("a call can be aborted at every point, and the others go on", async () => {
  let redeem;
  lastOneIsGood(EXPIRED, () => new Promise((resolve) => (redeem = () => resolve(granted()))));
  const client = await loggedIn();
  expire();
  const controller = new AbortController();
  const [aborted, other] = [client.fetch("/one", { signal: controller.signal }), client.fetch("/two")];
  while (!redeem) await later(5);
  controller.abort();
  await assert.rejects(aborted, { name: "AbortError" });
  redeem();
  assert.equal((await other).status, 200);
  await assert.rejects(client.fetch("/three", { signal: AbortSignal.abort() }), { name: "AbortError" });
  server.answer = () => refusal(503, "C17", "unavailable", { fields: { "retry-after": "4" } });
  const began = Date.now();
  await assert.rejects(client.fetch("/four", { signal: AbortSignal.timeout(50) }), { name: "TimeoutError" });
  const request = new Request(`${server.url}/five`, { signal: AbortSignal.timeout(50) });
  await assert.rejects(client.fetch(request), { name: "TimeoutError" });
  assert.ok(Date.now() - began < 3000);
});

for (const [cell, code, status, method, seconds, times] of [
  ["C16", "throttled", 429, "POST", "0", 2],
  ["C17", "unavailable", 503, "POST", "0", 2],
  ["C17", "unavailable", 503, "POST", "60", 1],
  ["C17", "unavailable", 503, "POST", undefined, 1],
  ["C21", "third-party-unavailable", 503, "POST", "0", 1],
  ["C21", "third-party-unavailable", 503, "GET", "0", 2],
  ["C21", "third-party-slow", 504, "GET", undefined, 1],
]) {
  test(`${method} is sent ${times} times where ${code} says ${seconds} ${cell}`, async () => {
    const fields = seconds === undefined ? {} : { "retry-after": seconds };
    server.answer = () => refusal(status, cell, code, { fields });
    const client = createClient({ baseUrl: server.url, onLoginNeeded: () => assert.fail("nobody is asked") });
    const response = await client.fetch("/thing", { method });
    assert.equal(response.status, status);
    assert.equal(server.asked.length, times);
    const error = await WatchwordError.from(response);
    assert.deepEqual([error.status, error.code, error.cell, error.advice], [status, code, cell, "wait"]);
    assert.equal(error.retryAfter, seconds === undefined ? null : Number(seconds));
  });
}

test("Retry-After may be a date, and nonsense is none", async () => {
  const read = async (value) => {
    const headers = { "retry-after": value };
    return (await WatchwordError.from(new Response(null, { status: 503, headers }))).retryAfter;
  };
  const soon = new Date(Date.now() + 60_000).toUTCString();
  assert.ok(Math.abs((await read(soon)) - 60) <= 1);
  assert.equal(await read("Sun, 06 Nov 1994 08:49:37 GMT"), 0);
  for (const nonsense of ["5, 5", "-1", "soon", "1.5", "May 5", ""]) assert.equal(await read(nonsense), null, nonsense);
});

// --- people ----------------------------------------------------------------------------------------------------------

test("one person is asked once for all calls, and a second time for later ones", async () => {
  let good = false;
  server.answer = ({ path }) => (path === "/login" ? granted() : good ? {} : NOBODY);
  let asked = 0;
  const client = createClient({
    baseUrl: server.url,
    async onLoginNeeded() {
      asked += 1;
      await later(20);
      good = true;
      await client.logIn("ann", "secret");
    },
  });
  assert.deepEqual(await statuses([1, 2, 3].map((n) => client.fetch(`/${n}`))), [200, 200, 200]);
  assert.equal(asked, 1);
  good = false;
  assert.equal((await client.fetch("/4")).status, 200);
  assert.equal(asked, 2);
});

test("who does not log in gets the answer, and is not asked again for what was sent before", async () => {
  server.answer = async ({ path }) => {
    if (path === "/slow") await later(100);
    return NOBODY;
  };
  let asked = 0;
  const client = createClient({ baseUrl: server.url, onLoginNeeded: () => void (asked += 1) });
  assert.deepEqual(await statuses([client.fetch("/quick"), client.fetch("/slow")]), [401, 401]);
  assert.deepEqual([asked, server.asked.length], [1, 2]);
});

test("a call that whoever asks the person makes does not wait for itself", async () => {
  server.answer = () => NOBODY;
  const client = createClient({
    baseUrl: server.url,
    onLoginNeeded: async () => assert.equal((await client.fetch("/ways-to-log-in")).status, 401),
  });
  assert.equal((await client.fetch("/thing", { signal: AbortSignal.timeout(2000) })).status, 401);
});

test("a step-up is asked for, and the call repeated C15", async () => {
  let strong = false;
  server.answer = ({ path }) => {
    if (path === "/login/second-factor") strong = true;
    return path.startsWith("/login") ? granted() : strong ? {} : refusal(401, "C15", "step-up-required");
  };
  const client = await loggedIn({
    mode: "session",
    onLoginNeeded: () => assert.fail("a log-in is not what is missing"),
    onStepUp: async (error) => {
      assert.equal(error.advice, "step-up");
      await client.finishLogIn("123456");
    },
  });
  assert.equal((await client.fetch("/thing", { method: "POST", body: "{}" })).status, 200);
  assert.deepEqual(server.at("/login/second-factor").map(({ content }) => content), [{ code: "123456" }]);
});

for (const [mode, path] of [["session", "/login"], ["tokens", "/auth/login"], ["session-token", "/login"]]) {
  test(`a log-in with a second factor has two steps: ${mode} C15`, async () => {
    const half = refusal(401, "C15", "step-up-required", { mfa_token: "ww_m_half" });
    server.answer = (asked) => (asked.path === path ? half : granted());
    const client = createClient({ baseUrl: server.url, mode });
    await assert.rejects(client.logIn("ann", "secret", { device: "phone" }), (error) => {
      assert.deepEqual([error.status, error.cell, error.advice], [401, "C15", "step-up"]);
      assert.doesNotMatch(JSON.stringify([error, error.message, error.stack]), /ww_m_half|secret/);
      return true;
    });
    assert.equal((await client.finishLogIn("123456")).authenticated, true);
    const { content } = server.asked[1];
    assert.deepEqual([content.mfa_token, content.code, content.device], ["ww_m_half", "123456", "phone"]);
    await client.fetch("/thing");
    assert.equal(server.at("/thing")[0].fields.has("authorization"), mode !== "session");
  });
}

test("a third party's refusal is told as theirs, and nobody is asked to log in C19 C20 C21", async () => {
  for (const [cell, code, status] of [
    ["C19", "third-party-credential-rejected", 403],
    ["C20", "third-party-credential", 424],
  ]) {
    server.answer = () => refusal(status, cell, code, { provider: "weather", provider_status: 401 });
    const client = createClient({ baseUrl: server.url, onLoginNeeded: () => assert.fail("nobody is asked") });
    const error = await WatchwordError.from(await client.fetch("/integrations/weather/call/x"));
    assert.deepEqual([error.cell, error.provider, error.providerStatus, error.advice], [cell, "weather", 401, "stop"]);
  }
});

// --- secrets ---------------------------------------------------------------------------------------------------------

test("errors tell nothing that was sent, even where the server does F33", async () => {
  server.answer = ({ text }) => refusal(401, "C07", text, { detail: text, title: text, instance: text });
  const client = createClient({ baseUrl: server.url, mode: "tokens" });
  await assert.rejects(client.logIn("ann", "Canary-4711"), (error) => {
    assert.doesNotMatch(JSON.stringify([error, error.message, error.stack, `${error}`]), /Canary/);
    assert.equal(error.code, null);
    return true;
  });
});

test("tokens are in memory unless a storage is given, and there is none of them left after a log-out", async () => {
  lastOneIsGood();
  globalThis.localStorage ??= new Kept();
  await loggedIn();
  assert.equal(globalThis.localStorage.length ?? globalThis.localStorage.size, 0);
  const storage = new Kept();
  const client = await loggedIn({ storage });
  assert.match(JSON.stringify([...storage]), /access-/);
  assert.doesNotMatch(JSON.stringify([...storage]), /"secret"/);
  await client.logOut();
  assert.equal(storage.size, 0);
});

test("a storage that is full or forbidden costs nothing but what it was for", async () => {
  lastOneIsGood();
  const full = { getItem: () => null, removeItem() {}, setItem() { throw new Error("full"); } };
  const client = await loggedIn({ storage: full });
  assert.equal((await client.fetch("/thing")).status, 200);
  expire();
  assert.equal((await client.fetch("/thing")).status, 200);
});

test("a storage that becomes full in between keeps nobody from a refresh", async () => {
  lastOneIsGood();
  const storage = new Kept();
  const client = await loggedIn({ storage });
  storage.setItem = () => assert.fail("full");
  expire();
  assert.equal((await client.fetch("/thing")).status, 200);
  assert.equal(storage.size, 0, "what could not be replaced is taken away");
});

test("a log-out that the server was not told of is none C17", async () => {
  lastOneIsGood();
  const client = await loggedIn();
  const { answer } = server;
  server.answer = (asked) => (asked.path === "/auth/logout" ? { status: 503 } : answer(asked));
  await assert.rejects(client.logOut(), { status: 503, advice: "wait" });
  assert.equal((await client.fetch("/thing")).status, 200);
  client.forget();
  assert.equal((await client.fetch("/thing")).status, 401);
  assert.equal(server.asked.at(-1).fields.has("authorization"), false);
});

test("to ask who is logged in is no failure, and an outage is no answer to it C17", async () => {
  server.answer = ({ path }) => (path === "/session" ? refusal(401, "C05", "session-expired") : granted());
  const client = await loggedIn({ mode: "session", onLoginNeeded: () => assert.fail("nobody is asked") });
  assert.deepEqual(await client.session(), { authenticated: false });
  server.answer = () => refusal(503, "C17", "unavailable", { fields: { "retry-after": "1" } });
  await assert.rejects(client.session(), { cell: "C17", retryAfter: 1 });
  server.answer = () => null;
  await assert.rejects(client.session(), { name: "WatchwordError", status: 0 });
});

test("a token that comes with an answer takes the place of the one before S2_41", async () => {
  server.answer = ({ path }) => ({ ...granted({ "auth-token": `ww_a_${path.slice(1)}` }) });
  const client = await loggedIn({ mode: "auth-token" });
  const sent = () => atob(server.asked.at(-1).fields.get("authorization").slice(6));
  await client.fetch("/first");
  await client.fetch("/second");
  assert.equal(sent(), "ann:ww_a_first");
  server.answer = () => granted({ "authentication-info": 'session_token="ww_s_next"' });
  const other = await loggedIn({ mode: "session-token" });
  await other.fetch("/first");
  await other.fetch("/second");
  assert.equal(server.asked.at(-1).fields.get("authorization"), "Bearer ww_s_next");
});

test("names and passwords of every alphabet are sent by Basic S3_1", async () => {
  server.answer = () => granted();
  const client = createClient({ baseUrl: server.url, mode: "auth-token" });
  await client.logIn("grün/?#", "a:b:ß😀");
  const [{ path, fields }] = server.asked;
  assert.equal(path, "/roles/gr%C3%BCn%2F%3F%23");
  assert.equal(Buffer.from(fields.get("authorization").slice(6), "base64").toString(), "grün/?#:a:b:ß😀");
});

test("what cannot be meant is refused at once", () => {
  assert.throws(() => createClient({ baseUrl: "https://example.com", mode: "cookie" }), TypeError);
  assert.throws(() => createClient({ mode: "tokens" }), TypeError);
});
