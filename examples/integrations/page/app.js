// The page of the example: plain fetch, no framework. `whose` is all that a front end needs.

const { api } = await (await fetch("config.json")).json();
const INTEGRATION = "/integrations/weather";
const $ = (id) => document.getElementById(id);

// --- whose answer is it? -------------------------------------------------------------------------------------------

function whose(answer, content) {
  // A 401 is always ours: it comes with our challenges, and with a type of ours.
  if (answer.status === 401 && content?.type?.startsWith("urn:watchword:problem:")) {
    return ["ours", `This application does not know you: ${content.detail}`];
  }
  // A problem about a provider names it, and what it said.
  if (content?.provider !== undefined && content.cell !== undefined) {
    const said = content.provider_status === null ? "did not answer" : `answered ${content.provider_status}`;
    return ["theirs", `${content.provider} ${said}: ${content.detail} You are still logged in here.`];
  }
  // What the provider answered to a call says so in a field, where no content can pass for it.
  const provider = answer.headers.get("Integration-Provider");
  if (provider !== null) {
    const status = answer.headers.get("Integration-Status");
    return [answer.ok ? "good" : "theirs", `${provider} answered ${status}: ${JSON.stringify(content)}`];
  }
  return answer.ok ? ["good", "Done."] : ["ours", content?.detail ?? "No answer."];
}

async function send(method, path, content) {
  const answer = await fetch(api + path, {
    method,
    credentials: "include",
    headers: content === undefined ? {} : { "Content-Type": "application/json" },
    body: content === undefined ? undefined : JSON.stringify(content),
  });
  const text = await answer.text();
  const read = text === "" ? null : JSON.parse(text);
  const [side, sentence] = whose(answer, read);
  tell(`${method} ${path}`, answer.status, side, sentence);
  await look();
  return answer;
}

// --- what is shown -------------------------------------------------------------------------------------------------

function tell(request, status, side, sentence) {
  const line = document.createElement("li");
  line.className = side;
  const what = document.createElement("code");
  what.textContent = `${request} → ${status}`;
  const says = document.createElement("p");
  says.textContent = sentence;
  line.append(what, says);
  $("log").prepend(line);
  $("none").hidden = true;
}

async function look() {
  const session = await (await fetch(`${api}/session`, { credentials: "include" })).json();
  $("who").textContent = session.authenticated ? `You are ${session.subject}.` : "You are not logged in.";
  if (!session.authenticated) {
    $("integration").textContent = "Log in to see whether a key is stored.";
    return;
  }
  const kept = await fetch(`${api}${INTEGRATION}/credential`, { credentials: "include" });
  const { hint, state } = kept.ok ? await kept.json() : {};
  $("integration").textContent = kept.ok ? `A key is stored: ${hint}, ${state}.` : "No key is stored.";
}

$("log-in").addEventListener("submit", (event) => {
  event.preventDefault();
  send("POST", "/login", Object.fromEntries(new FormData(event.target)));
});
$("log-out").addEventListener("click", () => send("POST", "/logout"));
$("submit").addEventListener("submit", (event) => {
  event.preventDefault();
  send("PUT", `${INTEGRATION}/credential`, { credential: new FormData(event.target).get("key") });
});
$("bad").addEventListener("click", () => send("PUT", `${INTEGRATION}/credential`, { credential: "sk-wrong" }));
$("call").addEventListener("submit", (event) => {
  event.preventDefault();
  send("GET", `${INTEGRATION}/call/v1/forecast`);
});
$("elsewhere").addEventListener("click", () => send("GET", `${INTEGRATION}/call/v1/moon`));

await look();
document.body.dataset.ready = "yes";
