// The two ways to sign in. Each is a client of Watchword's, and knows who is signed in and until when.
//
// `signIn`, `resume`, `send` and `signOut` give the server's answer, or the error that it became; afterwards `who` is
// {user, roles} or null, `until` the instant at which the credential ends (by this browser's clock, in milliseconds),
// `length` how long it lives in all.

import { createClient } from "./watchword.js";
import { Answer, Wire } from "./wire.js";

const KEPT = "watchword-demo-token";
const DONE = { status: 200 };
// A panel counts down itself where something is to be waited for.
const PATIENCE = 0;

/** Basic with the password once, to GET /roles/<user>; from then on Basic with the auth token that came back. */
export class TokenWay {
  key = "token";
  credential = "Auth token";
  how = "Sends the password once, as HTTP Basic to `GET /roles/<user>`. From then on an auth token stands in for it: "
    + "it lives for minutes, is kept in this tab only, and can be revoked.";
  who = null;
  until = 0;
  length = 0;
  #proving = false;
  wire = new Wire((headers) => this.#proof(headers));
  // In the tab's own storage, where a reload finds the token and no other tab does.
  #client = createClient({
    mode: "auth-token",
    storage: sessionStorage,
    patience: PATIENCE,
    fetch: async (input, init) => this.#noted(await this.wire.fetch(input, init)),
  });

  async signIn(user, password) {
    this.forget();
    this.#proving = true;
    try {
      const { roles } = await this.#client.logIn(user, password);
      this.who = { user, roles };
      this.#keep();
      return DONE;
    } catch (error) {
      return error;
    } finally {
      this.#proving = false;
    }
  }

  /** Is there a token in this tab that is still good? Null where there is none to ask about. */
  async resume() {
    const kept = read(KEPT);
    if (kept === null) return null;
    this.length = kept.length;
    const answer = await ask(this.#client, "GET", `/roles/${encodeURIComponent(kept.user)}`);
    if (answer.status === 200) {
      this.who = { user: kept.user, roles: answer.content.roles };
      this.#keep();
    }
    return answer;
  }

  async send(method, path, content) {
    const { who } = this;
    const answer = await ask(this.#client, method, path, content);
    if (who === this.who) this.#keep();
    return answer;
  }

  signOut() {
    return this.#client.logOut().then(() => DONE, (error) => error);
  }

  forget() {
    sessionStorage.removeItem(KEPT);
    this.#client.forget();
    this.who = null;
    this.length = 0;
  }

  #proof(headers) {
    const sent = headers.get("authorization");
    if (sent === null) return ["Authorization", "none"];
    const user = decoded(sent.slice("Basic ".length)).split(":")[0];
    const what = this.#proving ? "your password, this once" : "the auth token";
    return ["Authorization", `Basic base64(${user}:••••)`, what];
  }

  /** Every answer to Basic says how long the token lives. */
  #noted(response) {
    const until = response.headers.get("auth-token-valid-until");
    if (until !== null) {
      this.until = this.wire.onOurClock(until);
      this.length = Math.max(this.length, this.until - Date.now());
    }
    return response;
  }

  /** The token itself is kept by the client. */
  #keep() {
    if (this.who) sessionStorage.setItem(KEPT, JSON.stringify({ user: this.who.user, length: this.length }));
  }
}

/** POST /login begins a session; the browser keeps its cookie and adds it, and no script ever sees it. */
export class CookieWay {
  key = "cookie";
  credential = "Session";
  how = "Sends the password once, with `POST /login`. The answer sets a session cookie, `HttpOnly` and `SameSite=Lax`: "
    + "the browser adds it to each request by itself, and no script can read it.";
  who = null;
  until = 0;
  length = 0;
  wire = new Wire(() => ["Cookie", "…", "the browser adds it where it has one; no script can see it"]);
  /** Called where another window of this browser signed in or out: all of them share one cookie. */
  onChanged = () => {};
  #ends = 0;
  #client = createClient({ patience: PATIENCE, fetch: this.wire.fetch, onChange: () => this.onChanged() });

  signIn(user, password) {
    this.forget();
    return this.#begin(this.#client.logIn(user, password));
  }

  /** Only the server can tell whether the browser holds a good cookie. */
  resume() {
    return this.#begin(this.#client.session());
  }

  async send(method, path, content) {
    const answer = await ask(this.#client, method, path, content);
    // Each use begins the inactivity timeout anew.
    if (answer.status > 0 && answer.status < 400) this.until = Math.min(this.#ends, Date.now() + this.length);
    return answer;
  }

  signOut() {
    return this.#client.logOut().then(() => DONE, (error) => error);
  }

  forget() {
    this.who = null;
  }

  async #begin(asking) {
    try {
      const { session, subject, roles } = await asking;
      this.who = session ? { user: subject, roles } : null;
      if (session) {
        this.#ends = this.wire.onOurClock(session.expires_at);
        this.until = this.wire.onOurClock(session.idle_expires_at);
        this.length = this.until - Date.now();
      }
      return DONE;
    } catch (error) {
      return error;
    }
  }
}

async function ask(client, method, path, content) {
  const headers = { Accept: "application/json, application/problem+json" };
  if (content !== undefined) headers["Content-Type"] = "application/json";
  try {
    return await Answer.of(await client.fetch(path, { method, headers, body: JSON.stringify(content) }));
  } catch {
    return Answer.none;
  }
}

function decoded(base64) {
  return new TextDecoder().decode(Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0)));
}

function read(key) {
  try {
    return JSON.parse(sessionStorage.getItem(key));
  } catch {
    return null;
  }
}
