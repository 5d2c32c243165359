// Client against server, for every answer of the decision table, every mode, and every way of coming again:
// each call ends, by itself, after two more round trips at most, besides those of the person who logs in.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { createClient } from "../watchword.js";
import { granted, OURS, Scripted } from "./scripted.js";

const { answers } = JSON.parse(readFileSync(new URL("advice.json", import.meta.url), "utf-8"));
const MODES = ["session", "tokens", "session-token", "auth-token"];
const TIMES = { always: () => true, once: (nth) => nth === 0, alternately: (nth) => nth % 2 === 0 };
const REFRESHING = { granted: () => granted(), refused: () => ({ status: 400, content: { error: "invalid_grant" } }) };
const OWN = /^\/(login|auth\/|roles\/)/;

const server = new Scripted();

function told({ status, challenges, code, cell }) {
  const fields = { "www-authenticate": challenges, "retry-after": "0" };
  if (cell !== null) fields["auth-decision"] = `${cell};id=1`;
  const problem = code === null && cell === null ? {} : { type: OURS + code, code, cell };
  return { status, fields, content: problem };
}

async function called({ answer, mode, times, refreshing, method, logsIn }) {
  let nth = 0;
  server.answer = ({ path }) => {
    if (path === "/auth/token") return REFRESHING[refreshing]();
    if (OWN.test(path)) return granted();
    return TIMES[times](nth++) ? told(answer) : {};
  };
  let persons = 0;
  const person = async () => {
    persons += 1;
    if (logsIn) await client.logIn("ann", "secret");
  };
  const asking = { onLoginNeeded: person, onStepUp: person };
  const client = createClient({ baseUrl: "http://127.0.0.1:1", fetch: server.fetch, mode, ...asking });
  await client.logIn("ann", "secret");
  server.asked.length = 0;
  const body = method === "POST" ? "{}" : undefined;
  const response = await client.fetch("/thing", { method, body, signal: AbortSignal.timeout(5000) });
  const byPerson = logsIn ? persons : 0;
  return { response, persons, extra: server.asked.length - 1 - byPerson, sent: server.at("/thing").length };
}

for (const mode of MODES) {
  test(`every answer ends a call, after two more round trips at most: ${mode} S2_41 C15 C21`, async () => {
    let calls = 0;
    for (const [index, answer] of answers.entries()) {
      for (const times of Object.keys(TIMES)) {
        for (const refreshing of mode === "tokens" ? Object.keys(REFRESHING) : ["granted"]) {
          const [method, logsIn] = (index + calls) % 2 ? ["GET", true] : ["POST", false];
          const it = { answer, mode, times, refreshing, method, logsIn };
          const { response, persons, extra, sent } = await called(it);
          const about = JSON.stringify({ ...it, persons, extra, sent, got: response.status });
          assert.ok(extra <= 2 && sent <= 2 && persons <= 1, about);
          if (["proceed", "stop"].includes(answer.advice)) assert.equal(extra + persons, 0, about);
          if (["log-in", "step-up"].includes(answer.advice)) assert.equal(persons, 1, about);
          if (answer.advice === "wait") assert.equal(sent === 2, method === "GET" || answer.nothing_was_done, about);
          const helped = logsIn || (mode === "tokens" && refreshing === "granted");
          if (answer.advice === "refresh" && helped) assert.equal(response.ok, times !== "always", about);
          calls += 1;
        }
      }
    }
    assert.ok(calls > 400);
  });
}
