// The client against a real server, whose address, user and recovery codes come in the environment.

import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as later } from "node:timers/promises";

import { advice, createClient, WatchwordError } from "../watchword.js";
import { Kept } from "./scripted.js";

const { WATCHWORD: baseUrl, PASSWORD, RECOVERY_CODES } = process.env;
const recovery = JSON.parse(RECOVERY_CODES);
const MODES = ["tokens", "session-token", "auth-token"]; // Node's fetch keeps no cookies

for (const mode of MODES) {
  test(`in without a cookie jar, to work, and out: ${mode} S2_41`, async () => {
    const client = createClient({ baseUrl, mode });
    assert.deepEqual(await client.session(), { authenticated: false });
    const refused = await client.fetch("/whoami");
    assert.deepEqual([refused.status, advice(refused)], [401, "log-in"]);
    await assert.rejects(client.logIn("ann", "wrong"), { code: "invalid-credentials", cell: "C07", advice: "log-in" });
    assert.equal((await client.logIn("ann", PASSWORD)).authenticated, true);
    const who = await (await client.fetch("/whoami")).json();
    assert.equal(who.subject, "ann");
    assert.equal((await client.session()).subject, "ann");
    const forbidden = await client.fetch("/users");
    assert.deepEqual([forbidden.status, advice(forbidden)], [403, "stop"]);
    await client.logOut();
    assert.equal((await client.fetch("/whoami")).status, 401);
    assert.deepEqual(await client.session(), { authenticated: false });
  });
}

test("a log-in that is revoked asks the person, and goes on C09", async () => {
  let asked = 0;
  const client = createClient({
    baseUrl,
    mode: "tokens",
    async onLoginNeeded(error) {
      asked += 1;
      assert.equal(error.cell, "C09");
      await client.logIn("ann", PASSWORD);
    },
  });
  await client.logIn("ann", PASSWORD);
  assert.equal((await client.fetch("/sessions", { method: "DELETE" })).ok, true);
  await later(100);
  const answers = await Promise.all(Array.from({ length: 8 }, () => client.fetch("/whoami")));
  assert.deepEqual(answers.map(({ status }) => status), Array(8).fill(200));
  assert.equal(asked, 1);
  await client.logOut();
});

for (const mode of ["tokens", "session-token"]) {
  test(`a second factor is a second step, or comes along: ${mode} C15`, async () => {
    const client = createClient({ baseUrl, mode });
    await assert.rejects(client.logIn("bob", PASSWORD), (error) => {
      assert.ok(error instanceof WatchwordError);
      assert.deepEqual([error.cell, error.code, error.advice], ["C15", "step-up-required", "step-up"]);
      return true;
    });
    await assert.rejects(client.finishLogIn("wrong-code"), { cell: "C07" });
    await client.finishLogIn(recovery.pop());
    assert.equal((await (await client.fetch("/whoami")).json()).subject, "bob");
    await client.logOut();
    await client.logIn("bob", PASSWORD, { code: recovery.pop() });
    assert.equal((await client.session()).subject, "bob");
    await client.logOut();
  });
}

test("tokens that expired are renewed once, for all tabs and all their calls", async () => {
  const storage = new Kept();
  const tabs = Array.from({ length: 3 }, () => createClient({ baseUrl, mode: "tokens", storage }));
  await tabs[0].logIn("eve", PASSWORD);
  const [[key, first]] = storage;
  storage.setItem(key, JSON.stringify({ ...JSON.parse(first), until: 1 })); // as if it were old
  const calls = tabs.flatMap((client) => Array.from({ length: 7 }, () => client.fetch("/whoami")));
  assert.deepEqual((await Promise.all(calls)).map(({ status }) => status), Array(21).fill(200));
  assert.notEqual(storage.getItem(key), first);
});
