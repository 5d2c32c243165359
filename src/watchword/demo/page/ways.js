// The two ways to sign in. Both send requests through a wire, and know who is signed in and until when.
//
// `signIn`, `resume` and `send` give the server's answer; afterwards `who` is {user, roles} or null, and `until` the
// instant (milliseconds since 1970, by the server's clock) at which the credential ends.

import { Wire } from "./wire.js";

const KEPT = "watchword-demo-token";

/** Basic with the password once, to GET /roles/<user>; from then on Basic with the auth token that came back. */
export class TokenWay {
  key = "token";
  credential = "Auth token";
  how = "Sends the password once, as HTTP Basic to GET /roles/<user>. From then on an auth token stands in for it: "
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
    return kept && this.#prove(kept.user, kept.token, "the auth token");
  }

  async send(method, path, content) {
    const answer = await this.#basic(method, path, this.who.user, this.#token, "the auth token", content);
    if (answer.status !== 401) this.#keep(this.who.user, answer);
    return answer;
  }

  async signOut() {
    return this.#basic("DELETE", `/tokens/${encodeURIComponent(this.who.user)}`, this.who.user, this.#token, "the auth token");
  }

  forget() {
    sessionStorage.removeItem(KEPT);
    this.#token = this.who = null;
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
      shown: [["Authorization", `Basic base64(${user}:••••••••)`, called]],
      content,
    });
  }

  /** Every answer to Basic shows the live token. */
  #keep(user, answer) {
    const token = answer.field("auth-token");
    if (token === null) return;
    if (token !== this.#token) this.length = 0;
    this.#token = token;
    this.until = Date.parse(answer.field("auth-token-valid-until"));
    this.length = Math.max(this.length, this.until - answer.at);
    sessionStorage.setItem(KEPT, JSON.stringify({ user, token }));
  }
}

/** POST /login begins a session; the browser keeps its cookie and adds it, and no script ever sees it. */
export class CookieWay {
  key = "cookie";
  credential = "Session";
  how = "Posts the password once to /login. The answer sets a session cookie, HttpOnly and SameSite=Lax: the browser "
    + "adds it to each request by itself, and no script can read it.";
  who = null;
  until = 0;
  length = 0;
  wire = new Wire();
  #ends = 0;

  async signIn(user, password) {
    this.forget();
    const answer = await this.#ask("POST", "/login", { username: user, password }, { username: user, password: "••••••••" });
    return this.#begin(answer);
  }

  /** Only the server can tell whether the browser holds a good cookie. */
  async resume() {
    return this.#begin(await this.#ask("GET", "/session"));
  }

  async send(method, path, content) {
    const answer = await this.#ask(method, path, content);
    if (answer.status < 400 && answer.status > 0) this.until = Math.min(this.#ends, answer.at + this.length);
    return answer;
  }

  async signOut() {
    return this.#ask("POST", "/logout");
  }

  forget() {
    this.who = null;
  }

  #begin(answer) {
    const session = answer.status === 200 ? answer.content.session : null;
    if (session) {
      this.who = { user: answer.content.subject, roles: answer.content.roles };
      this.#ends = Date.parse(session.expires_at);
      this.until = Date.parse(session.idle_expires_at);
      // Each use begins the inactivity timeout anew.
      this.length = Math.max(this.length, this.until - answer.at);
    }
    return answer;
  }

  #ask(method, path, content, shownContent = content) {
    const shown = this.who || path === "/session" ? [["Cookie", "watchword=…", "added by the browser; no script can read it"]] : [];
    return this.wire.send(method, path, { credentials: "same-origin", shown, content, shownContent });
  }
}

function base64(text) {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)));
}

function read(key) {
  try {
    return JSON.parse(sessionStorage.getItem(key));
  } catch {
    return null;
  }
}
