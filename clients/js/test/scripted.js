// A server that answers what it is told to, over HTTP or without any, and notes what it was asked.

import { createServer } from "node:http";

export const OURS = "urn:watchword:problem:";

/** `answer(request)` gives {status, fields, content, after}; `asked` has {method, path, fields, content} of each. */
export class Scripted {
  asked = [];
  answer = () => ({});

  static async start() {
    const scripted = new Scripted();
    scripted.server = createServer((request, response) => scripted.#serve(request, response));
    await new Promise((resolve) => scripted.server.listen(0, "127.0.0.1", resolve));
    scripted.url = `http://127.0.0.1:${scripted.server.address().port}`;
    return scripted;
  }

  stop() {
    this.server.closeAllConnections();
    return new Promise((resolve) => this.server.close(resolve));
  }

  /** The same without a network: the `fetch` of a client that talks to nobody else. */
  fetch = async (input, init) => {
    const request = new Request(input, init);
    const text = await request.text();
    const { pathname } = new URL(request.url);
    const told = await this.#answered(request.method, pathname, request.headers, text);
    if (told === null) throw new TypeError("no network");
    const { status, fields, body } = told;
    const headers = new Headers();
    for (const [name, values] of Object.entries(fields)) for (const it of [values].flat()) headers.append(name, it);
    return new Response(body || null, { status, headers });
  };

  at(path) {
    return this.asked.filter((request) => request.path === path);
  }

  async #serve(request, response) {
    let text = "";
    for await (const piece of request.setEncoding("utf-8")) text += piece;
    const told = await this.#answered(request.method, request.url, new Headers(request.headers), text);
    if (told === null) return request.socket.destroy();
    response.writeHead(told.status, told.fields);
    return response.end(told.body);
  }

  async #answered(method, path, fields, text) {
    const asked = { method, path, fields, text, content: parsed(text) };
    this.asked.push(asked);
    const told = await this.answer(asked);
    if (told === null) return null;
    const { status = 200, content = {} } = told;
    const type = content.type ? "application/problem+json" : "application/json";
    const body = [204, 303, 304].includes(status) ? "" : JSON.stringify(content);
    return { status, fields: { "content-type": type, ...told.fields }, body };
  }
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** The answer that refuses with a cell, as Watchword writes it. */
export function refusal(status, cell, code, { fields = {}, ...members } = {}) {
  return {
    status,
    fields: { "auth-decision": `${cell};id=1`, ...fields },
    content: { type: OURS + code, title: "No.", status, code, cell, ...members },
  };
}

let count = 0;

/** The answer of a log-in, or a refresh, in every mode at once. */
export function granted(fields = {}) {
  count += 1;
  return {
    fields: { "auth-token": `ww_a_${count}`, ...fields },
    content: {
      subject: "ann",
      roles: ["clerk"],
      session_token: `ww_s_${count}`,
      access_token: `access-${count}`,
      refresh_token: `refresh-${count}`,
      token_type: "Bearer",
      expires_in: 900,
    },
  };
}

/** What localStorage does. */
export class Kept extends Map {
  getItem(key) {
    return this.get(key) ?? null;
  }

  setItem(key, value) {
    this.set(key, String(value));
  }

  removeItem(key) {
    this.delete(key);
  }
}
