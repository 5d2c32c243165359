// The page of the example: no framework, and of log-ins nothing but a form. When to show it, the client knows.

import { createClient, WatchwordError } from "./watchword.js";

const $ = (id) => document.getElementById(id);
const { auth } = await (await fetch("config.json")).json();

const client = createClient({
  baseUrl: auth,
  mode: "tokens", // in memory: a reload asks again
  origins: [location.origin], // the API takes the same tokens
  onLoginNeeded: personSignsIn,
  fetch: async (input, init) => {
    const response = await fetch(input, init);
    tell(init.method ?? "GET", new URL(input), response);
    return response;
  },
});

// --- signing in ----------------------------------------------------------------------------------------------------

const REASONS = {
  "authentication-required": "Who are you?",
  "expired-token": "Your log-in is over.",
  "invalid-token": "Your log-in was ended.",
  "invalid-credentials": "The name or the password is wrong.",
  "step-up-required": "One more step.",
};

const inWords = (error) => REASONS[error.code]
  ?? (error.advice === "wait" ? `Try again in ${error.retryAfter ?? "a few"} seconds.` : error.message);

/** Ends when the form is closed, with or without a log-in. */
function personSignsIn(error) {
  $("why").textContent = inWords(error);
  $("sign-in").showModal();
  return new Promise((resolve) => $("sign-in").addEventListener("close", () => resolve(), { once: true }));
}

$("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const { username, password, code } = event.target.elements;
  $("submit").disabled = true;
  try {
    if ($("second").hidden) await client.logIn(username.value, password.value);
    else await client.finishLogIn(code.value);
    $("second").hidden = true;
    $("sign-in").close();
    $("who").textContent = `You are ${(await client.session()).subject}.`;
  } catch (error) {
    if (!(error instanceof WatchwordError)) throw error;
    $("second").hidden = error.advice !== "step-up";
    $("why").textContent = inWords(error);
  } finally {
    $("submit").disabled = false;
  }
});
$("cancel").addEventListener("click", () => $("sign-in").close());

// --- work ----------------------------------------------------------------------------------------------------------

const api = (path) => new URL(path, location.href);

$("load").addEventListener("click", async () => {
  const response = await client.fetch(api("patients"));
  const { patients } = response.ok ? await response.json() : { patients: [] };
  $("patients").replaceChildren(...patients.map((name) => line(name)));
});

// What an administrator may do to anybody, and everybody to their own.
$("end").addEventListener("click", () => client.fetch("/sessions", { method: "DELETE" }));

$("out").addEventListener("click", async () => {
  await client.logOut();
  $("who").textContent = "You are not signed in.";
  $("patients").replaceChildren();
});

// --- what is shown -------------------------------------------------------------------------------------------------

function line(...texts) {
  const made = document.createElement("li");
  made.append(...texts);
  return made;
}

function tell(method, url, { ok, status, headers }) {
  const who = url.origin === location.origin ? "API" : "Watchword";
  const why = headers.get("auth-decision")?.split(";")[0] ?? "";
  const made = line(`${who}: ${method} ${url.pathname} → ${status} ${why}`);
  made.className = ok ? "good" : "refused";
  $("log").prepend(made);
  $("none").hidden = true;
}

document.body.dataset.ready = "yes";
