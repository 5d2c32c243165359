// One panel's requests: nothing is sent that its log does not show.

/** An answer, or that there was none (status 0). */
export class Answer {
  constructor(status, headers, content) {
    this.status = status;
    this.headers = headers;
    this.content = content;
  }

  static async of(response) {
    return new Answer(response.status, response.headers, parsed(await response.text()));
  }

  static none = new Answer(0, new Headers(), null);

  field(name) {
    return this.headers.get(name);
  }

  /** Why it was refused, as programs are told: a code of the decision table, or null. */
  get code() {
    return this.content?.code ?? null;
  }

  /** The row of the decision table, or null where nothing was refused. */
  get cell() {
    return this.field("auth-decision")?.split(";")[0] ?? null;
  }

  /** In seconds. */
  get retryAfter() {
    return Number(this.field("retry-after")) || null;
  }
}

export class Wire {
  /** Called with {method, path, shown, shownContent, answer} after each exchange. */
  onExchange = () => {};
  /** By how much this browser's clock is ahead of the server's, in milliseconds. */
  ahead = 0;
  #proof;

  /** `proof`: [name, value, remark] of the field that shows who asks, as it may be shown, for the request's headers. */
  constructor(proof) {
    this.#proof = proof;
  }

  /** What the client of this panel sends its requests with. */
  fetch = async (input, init) => {
    const { method = "GET", body } = init;
    const path = new URL(input, location.href).pathname;
    const shown = [this.#proof(new Headers(init.headers))];
    const exchange = { method, path, shown, shownContent: hidden(path, body), answer: Answer.none };
    try {
      const response = await fetch(input, { ...init, cache: "no-store", redirect: "error" });
      this.ahead = difference(response.headers);
      exchange.answer = await Answer.of(response.clone());
      return response;
    } finally {
      this.onExchange(exchange);
    }
  };

  /** An instant that the server named, by this browser's clock. */
  onOurClock(instant) {
    return Date.parse(instant) + this.ahead;
  }
}

/** What was sent, for a log that outlives the sign-in: neither passwords nor what was written of patients. */
function hidden(path, body) {
  const content = parsed(body);
  if (content === null) return undefined;
  const told = path === "/login" ? ["username"] : [];
  const members = Object.entries(content).map(([name, value]) => [name, told.includes(name) ? value : "••••"]);
  return Object.fromEntries(members);
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Date has whole seconds: below two, a difference says nothing about the clocks. */
function difference(headers) {
  const ahead = Date.now() - Date.parse(headers.get("date"));
  return Math.abs(ahead) > 2000 ? ahead : 0;
}
