// One panel's requests: nothing is sent that its log does not show.

/** An answer, or that there was none (status 0). `at` is when it was given, by the server's clock. */
export class Answer {
  constructor(status, headers, content, at) {
    this.status = status;
    this.headers = headers;
    this.content = content;
    this.at = at;
  }

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

  async send(method, path, { credentials, fields = {}, shown = [], content, shownContent = content }) {
    const answer = await this.#exchange(method, path, credentials, fields, content);
    this.onExchange({ method, path, shown, shownContent, answer });
    return answer;
  }

  async #exchange(method, path, credentials, fields, content) {
    try {
      const response = await fetch(path, {
        method,
        credentials,
        cache: "no-store",
        redirect: "error",
        headers: {
          Accept: "application/json, application/problem+json",
          // Spares the user every challenge that a browser would answer with a pop-up.
          "No-Auth-Challenge": "true",
          ...(content === undefined ? {} : { "Content-Type": "application/json" }),
          ...fields,
        },
        body: content === undefined ? undefined : JSON.stringify(content),
      });
      const text = await response.text();
      return new Answer(response.status, response.headers, parsed(text), servedAt(response.headers));
    } catch {
      return new Answer(0, new Headers(), null, Date.now());
    }
  }
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Date has whole seconds: below two, a difference says nothing about the clocks. */
function servedAt(headers) {
  const now = Date.now();
  const served = Date.parse(headers.get("date"));
  return Math.abs(served - now) > 2000 ? served : now;
}
