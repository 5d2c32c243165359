// The sign-in form of a blog, over HTTP Basic: the password is sent once, to check it. What is kept after that is the
// auth token of the answer, in the session storage, which ends with the tab.

const { auth } = await (await fetch("config.json")).json();
const at = (selector, within = document) => within.querySelector(selector);

let me = JSON.parse(sessionStorage.getItem("me")); // { name, token, roles }, or null
let editing = null; // the post that the form holds, where it is not a new one

// --- talking to the server ---

// Basic credentials are UTF-8 (RFC 7617), and btoa() takes bytes.
const basic = (name, secret) =>
  "Basic " + btoa(String.fromCharCode(...new TextEncoder().encode(`${name}:${secret}`)));

// Whoever asks without No-Auth-Challenge may get a window of the browser's own for a 401, where there should be a form.
async function ask(method, url, { name, secret, content } = {}) {
  const headers = { "No-Auth-Challenge": "true" };
  if (name) headers.Authorization = basic(name, secret);
  if (content) headers["Content-Type"] = "application/json";
  const answer = await fetch(url, { method, headers, body: content && JSON.stringify(content) });
  return { status: answer.status, token: answer.headers.get("Auth-Token"), told: await answer.json().catch(() => ({})) };
}

async function asMe(method, url, content) {
  const answer = await ask(method, url, { name: me.name, secret: me.token, content });
  // The token has ended, or was revoked: only the password helps.
  if (answer.status === 401) signedOut();
  else if (answer.token) keep({ ...me, token: answer.token });
  return answer;
}

async function signIn(name, password) {
  const answer = await ask("GET", `${auth}/roles/${encodeURIComponent(name)}`, { name, secret: password });
  if (answer.status === 200) keep({ name, token: answer.token, roles: answer.told.roles });
  return answer;
}

function keep(who) {
  me = who;
  sessionStorage.setItem("me", JSON.stringify(who));
}

function signedOut() {
  me = null;
  sessionStorage.removeItem("me");
}

// --- the page ---

function say(text, bad = false) {
  at("#said").textContent = text;
  at("#said").className = bad ? "bad" : "";
}

const refused = (answer) => say(answer.status === 401 ? "You have been signed out. Sign in again." : answer.told.detail, true);
const may = (post) => me !== null && (post.author === me.name || me.roles.includes("editor"));
const place = (post) => `posts/${encodeURIComponent(post.author)}/${post.id}`;

async function show() {
  at("#out").hidden = me !== null;
  at("#in").hidden = me === null;
  at("#who").hidden = me === null;
  at("#who strong").textContent = me?.name ?? "";
  at("#in h2").textContent = editing ? "Edit the post" : "Write a post";
  const { told } = await ask("GET", "posts");
  at("#posts").replaceChildren(...told.map(article));
  document.body.dataset.ready = "";
}

function article(post) {
  const shown = at("template").content.cloneNode(true);
  at("h3", shown).textContent = post.title;
  at(".by", shown).textContent = `by ${post.author}`;
  at(".text", shown).textContent = post.text;
  at(".may", shown).hidden = !may(post);
  at(".edit", shown).addEventListener("click", () => edit(post));
  at(".delete", shown).addEventListener("click", () => remove(post));
  return shown;
}

function edit(post) {
  editing = post;
  at("#write").elements.title.value = post.title;
  at("#write").elements.text.value = post.text;
  at("#in h2").textContent = "Edit the post";
  at("#write").elements.title.focus();
}

async function remove(post) {
  const answer = await asMe("DELETE", place(post));
  if (answer.status === 200) say(`“${post.title}” is gone.`);
  else refused(answer);
  await show();
}

at("#sign-in").addEventListener("submit", async (event) => {
  event.preventDefault();
  const { name, password } = event.target.elements;
  const answer = await signIn(name.value, password.value);
  password.value = "";
  if (answer.status === 200) say("");
  else if (answer.status === 401) say("The name or the password is wrong.", true);
  else say(answer.told.detail ?? "Sign-in does not work at the moment.", true);
  await show();
});

at("#sign-out").addEventListener("click", async () => {
  await ask("DELETE", `${auth}/tokens/${encodeURIComponent(me.name)}`, { name: me.name, secret: me.token });
  signedOut();
  say("You are signed out.");
  await show();
});

at("#write").addEventListener("submit", async (event) => {
  event.preventDefault();
  const { title, text } = event.target.elements;
  const id = crypto.randomUUID();
  const post = editing ?? { author: me.name, id };
  const answer = await asMe("PUT", place(post), { title: title.value, text: text.value });
  if (answer.status === 200 || answer.status === 201) {
    say(editing ? "Saved." : "Published.");
    editing = null;
    event.target.reset();
  } else refused(answer);
  await show();
});

await show();
