// The pages of the links in mails: a form each, sent as JSON. The link's token comes in the fragment, which no server,
// log or Referer field sees, and leaves the address bar before anything else happens.
"use strict";

const brought = new URLSearchParams(location.hash.slice(1));
const token = brought.get("token");
if (location.hash) {
  history.replaceState(null, "", location.pathname);
}

const form = document.querySelector("form");
const told = document.querySelector("[role=status]");
const failed = document.querySelector("[role=alert]");

const OVER = "This link is over: it was used, it is too old, or the account was changed since.";

const forms = {
  ask: {
    path: "/password/reset-requests",
    content: (fields) => {
      const account = fields.get("account").trim();
      return account.includes("@") ? { username: account, email: account } : { username: account };
    },
    done: "If there is such an account, and it has an e-mail address, a mail is on its way. Look at your mailbox.",
  },
  reset: {
    path: "/password/resets",
    content: (fields) => ({ token, password: fields.get("password") }),
    done: "Your password is set. Log in with it.",
  },
  finish: {
    path: "/email/verifications",
    content: (fields) => ({ token, password: fields.get("password") }),
    done: "Your account is ready. Log in with it.",
  },
  verify: {
    path: "/email/verifications",
    content: () => ({ token }),
    done: "Thank you: the address is confirmed. You can close this page.",
  },
};
const chosen = forms[form.dataset.does];

function linkIsOver() {
  failed.textContent = OVER;
  form.hidden = true;
  document.querySelector("#over").hidden = false;
}

async function complaint(answer) {
  const problem = await answer.json().catch(() => ({}));
  if (answer.status === 422) {
    return problem.errors?.[0]?.detail ?? "This will not do.";
  }
  const wait = Number(answer.headers.get("retry-after"));
  return wait > 0 ? `Not now. Try again in ${wait > 90 ? `${Math.ceil(wait / 60)} minutes` : `${wait} seconds`}.`
    : "That did not work. Try again later.";
}

async function send() {
  const answer = await fetch(chosen.path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(chosen.content(new FormData(form))),
    credentials: "omit",
    cache: "no-store",
  });
  if (answer.ok) {
    form.hidden = true;
    told.textContent = chosen.done;
  } else if (answer.status === 401) {
    linkIsOver();
  } else {
    failed.textContent = await complaint(answer);
  }
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = form.querySelector("button");
  button.disabled = true;
  failed.textContent = "";
  try {
    await send();
  } catch {
    failed.textContent = "The server cannot be reached. Try again in a moment.";
  } finally {
    button.disabled = false;
  }
});

// For password managers, which keep the password under this name.
document.querySelector("#username")?.setAttribute("value", brought.get("username") ?? "");

document.querySelector("#show")?.addEventListener("change", (event) => {
  document.querySelector("#password").type = event.target.checked ? "text" : "password";
});

if (chosen !== forms.ask && !token) {
  linkIsOver();
}
