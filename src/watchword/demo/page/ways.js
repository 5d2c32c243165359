// The two ways to sign in. Both send requests through a wire, and know who is signed in and until when.
//
// `signIn`, `resume` and `send` give the server's answer; afterwards `who` is {user, roles} or null, `until` the
// instant at which the credential ends (by this browser's clock, in milliseconds), `length` how long it lives in all.

import { Wire } from "./wire.js";

const KEPT = "watchword-demo-token";

/** Basic with the password once, to GET /roles/<user>; from then on Basic with the auth token that came back. */
export class TokenWay {
  key = "token";
  credential = "Auth token";
  how = "Sends the password once, as HTTP Basic to `GET /roles/<user>`. From then on an auth token stands in for it: "
    + "it lives for minutes, is kept in this tab only, and can be revoked.";
  who = null;
  until = 0;
  length = 0;
  wire = new Wire();
  #token = null;

  async signIn(user, password) {
    this.forget();
    return this.#prove(user, password, "your password, this once");
  }

  /** Is there a token in this tab that is still good? Null where there is none to ask about. */
  async resume() {
    const kept = read(KEPT);
    if (kept === null) return null;
    this.length = kept.length;
    return this.#prove(kept.user, kept.token, "the auth token");
  }

  async send(method, path, content) {
    const { who } = this;
    const answer = await this.#basic(method, path, who.user, this.#token, "the auth token", content);
    if (who === this.who) this.#keep(who.user, answer);
    return answer;
  }

  async signOut() {
    const { user } = this.who;
    return this.#basic("DELETE", `/tokens/${encodeURIComponent(user)}`, user, this.#token, "the auth token");
  }

  forget() {
    sessionStorage.removeItem(KEPT);
    this.#token = this.who = null;
    this.length = 0;
  }

  async #prove(user, secret, called) {
    const answer = await this.#basic("GET", `/roles/${encodeURIComponent(user)}`, user, secret, called);
    if (answer.status === 200) {
      this.who = { user, roles: answer.content.roles };
      this.#keep(user, answer);
    }
    return answer;
  }

  #basic(method, path, user, secret, called, content) {
    return this.wire.send(method, path, {
      // Without cookies: a session in the other tab would otherwise decide who asks here.
      credentials: "omit",
      fields: { Authorization: `Basic ${base64(`${user}:${secret}`)}` },
      shown: [["Authorization", `Basic base64(${user}:••••)`, called]],
      content,
      shownContent: hidden(content),
    });
  }

  /** Every answer to Basic shows the live token. */
  #keep(user, answer) {
    const token = answer.field("auth-token");
    if (token === null) return;
    this.#token = token;
    this.until = onOurClock(answer, answer.field("auth-token-valid-until"));
    this.length = Math.max(this.length, this.until - Date.now());
    sessionStorage.setItem(KEPT, JSON.stringify({ user, token, length: this.length }));
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
  wire = new Wire();
  /** Called where another window of this browser signed in or out: all of them share one cookie. */
  onChanged = () => {};
  #ends = 0;
  #windows = new BroadcastChannel("watchword-demo-session");

  constructor() {
    this.#windows.onmessage = () => this.onChanged();
  }

  async signIn(user, password) {
    this.forget();
    const content = { username: user, password };
    const answer = this.#begin(await this.#ask("POST", "/login", content, { ...hidden(content), username: user }));
    if (this.who) this.#windows.postMessage("signed in");
    return answer;
  }

  /** Only the server can tell whether the browser holds a good cookie. */
  async resume() {
    return this.#begin(await this.#ask("GET", "/session"));
  }

  async send(method, path, content) {
    const answer = await this.#ask(method, path, content);
    // Each use begins the inactivity timeout anew.
    if (answer.status > 0 && answer.status < 400) this.until = Math.min(this.#ends, Date.now() + this.length);
    return answer;
  }

  async signOut() {
    const answer = await this.#ask("POST", "/logout");
    if (answer.status === 204) this.#windows.postMessage("signed out");
    return answer;
  }

  forget() {
    this.who = null;
  }

  #begin(answer) {
    if (answer.status !== 200) return answer;
    const { session } = answer.content;
    this.who = null;
    if (session) {
      this.who = { user: answer.content.subject, roles: answer.content.roles };
      this.#ends = onOurClock(answer, session.expires_at);
      this.until = onOurClock(answer, session.idle_expires_at);
      this.length = this.until - Date.now();
    }
    return answer;
  }

  #ask(method, path, content, shownContent = hidden(content)) {
    const shown = [["Cookie", "…", "the browser adds it where it has one; no script can see it"]];
    return this.wire.send(method, path, { credentials: "same-origin", shown, content, shownContent });
  }
}

/** What was sent, for a log that outlives the sign-in: neither passwords nor what was written of patients. */
function hidden(content) {
  return content && Object.fromEntries(Object.keys(content).map((name) => [name, "••••"]));
}

function base64(text) {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)));
}

/** An instant that the server named, by this browser's clock: theirs may differ. */
function onOurClock(answer, instant) {
  return Date.now() + Date.parse(instant) - answer.at;
}

function read(key) {
  try {
    return JSON.parse(sessionStorage.getItem(key));
  } catch {
    return null;
  }
}
