// What a refusal means to a person, by its code, and what its cell says, in a line.

/** {title, text, tone} for an answer that was no success, at the moment "signing-in" or "signed-in". */
export function refusal(answer, moment) {
  if (answer.status === 0) return OUTAGE.silent;
  const told = (moment === "signing-in" ? SIGNING_IN[answer.code] : null) ?? BY_CODE[answer.code];
  if (told) return { tone: "warn", ...told };
  if (answer.status >= 500) return OUTAGE.failed;
  const { title = `Status ${answer.status}`, detail = "" } = answer.content ?? {};
  return { tone: "warn", title, text: detail };
}

/** Nobody was refused: it may work in a moment. */
export function isOutage(answer) {
  return answer.status === 0 || answer.status === 429 || answer.status >= 500;
}

const OUTAGE = {
  silent: {
    tone: "outage",
    title: "The server does not answer.",
    text: "This is not your fault. Is the demo still running?",
  },
  failed: { tone: "outage", title: "Something went wrong at the server.", text: "This is not your fault." },
};

const BY_CODE = {
  "expired-token": { title: "Your auth token has expired.", text: "Sign in again, and you get a new one." },
  "invalid-token": {
    title: "Your auth token is no longer good.",
    text: "It was revoked: by signing out somewhere else, or by a new password.",
  },
  "session-expired": { title: "Your session has ended.", text: "It was unused for too long, or has lived its time." },
  "session-invalid": {
    title: "Your session is no longer known.",
    text: "It was ended: by signing out somewhere else, or by a new password.",
  },
  "authentication-required": { title: "You are not signed in any more.", text: "Sign in again to go on." },
  throttled: {
    title: "Too many wrong tries.",
    text: "For a while no password is looked at, not even the right one.",
  },
  unavailable: {
    tone: "outage",
    title: "The server cannot check who you are just now.",
    text: "This is not your fault, and nothing was refused.",
  },
};

const SIGNING_IN = {
  "invalid-credentials": {
    title: "The user name or the password is wrong.",
    text: "Which of the two, the server tells nobody.",
  },
  "malformed-credentials": { title: "These cannot be a user name and password.", text: "A user name has no colon." },
  "invalid-request": { title: "Nobody can be called so.", text: "A user name that is sent this way has no slash." },
};

/** What the rows of the decision table mean, as the log explains them. */
export const CELLS = {
  C03: "Nothing in the request proves who asks.",
  C05: "The session has ended. The answer clears its cookie.",
  C07: "User name or password wrong. Unknown, disabled or mistyped: the answers are the same.",
  C08: "The credentials cannot be decoded.",
  C09: "The token has expired or was revoked. A fresh one would do.",
  C10: "The request cannot be read in one way only.",
  C12: "Who asks is proven, and may not do this. Signing in again would not help, so there is no challenge.",
  C13: "Who asks is proven, and this belongs to somebody else.",
  C14: "The request came from a page of another origin.",
  C16: "Too many failures: the password was not even looked at.",
  C17: "Nobody could tell right from wrong. So nobody is refused, and nobody is signed out.",
};

/** A line of explanation for the log. */
export function explained({ method, path, answer }) {
  if (answer.status === 0) return "There was no answer.";
  if (answer.cell) return CELLS[answer.cell] ?? answer.content?.title ?? "";
  if (answer.status >= 400) return `${answer.content?.detail ?? "Not served."} This has nothing to do with who asks.`;
  if (path === "/login") return "Right. The session begins, and its cookie came with this answer.";
  if (path === "/logout") return "The session has ended everywhere, and its cookie is cleared.";
  if (path === "/session") {
    return answer.content?.session
      ? "The cookie is good: somebody is signed in."
      : "Nobody is signed in. To ask is no failure, so this is no 401.";
  }
  if (path.startsWith("/roles/")) return "Right. The answer carries a token that stands in for the password.";
  if (path.startsWith("/tokens/")) return "The token is dead, whatever copies of it are about.";
  return method === "GET" ? "Let through: the API is told who asks." : "Let through: the API notes whose doing it is.";
}
