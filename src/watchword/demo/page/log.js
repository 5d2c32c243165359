// The log of a panel: what was asked, what was answered, and why.

import { explained } from "./words.js";
import { element } from "./elements.js";

const LONGEST = 40;

/** Show an exchange at the head of the list; only the newest stands open. */
export function logged(list, exchange) {
  for (const older of list.querySelectorAll("details[open]")) older.open = false;
  list.prepend(element("li", { class: "exchange" }, entry(exchange)));
  while (list.children.length > LONGEST) list.lastElementChild.remove();
}

function entry(exchange) {
  const { answer } = exchange;
  return element("details", { open: true },
    element("summary", {},
      element("span", { class: "line" }, ...summaryOf(exchange)),
      element("span", { class: "meaning" }, explained(exchange)),
    ),
    element("dl", {}, ...lines("Sent", sent(exchange)), ...lines("Received", received(answer))),
  );
}

/** Method, path, status and cell: an exchange in one line. */
export function summaryOf({ method, path, answer }) {
  return [
    element("code", { class: "method" }, method),
    element("code", { class: "path" }, path),
    element("span", { class: "pill", "data-kind": kindOf(answer) }, answer.status || "—"),
    element("span", { class: "cell", title: "The row of the decision table that refused it" }, answer.cell ?? ""),
  ];
}

function kindOf(answer) {
  if (answer.status === 0 || answer.status >= 500) return "outage";
  return answer.status >= 400 ? "refused" : "passed";
}

/** [name, value, remark] each. */
function sent({ shown, shownContent }) {
  return [
    ...shown,
    ["No-Auth-Challenge", "true"],
    ...(shownContent === undefined ? [] : [["Content", JSON.stringify(shownContent)]]),
  ];
}

function received(answer) {
  if (answer.status === 0) return [];
  const token = answer.field("auth-token");
  const refused = answer.cell !== null;
  return [
    ...(refused ? [["Auth-Decision", answer.field("auth-decision")]] : []),
    ...(refused ? [challenges(answer)] : []),
    ...present(answer, "Retry-After", "seconds to wait"),
    ...(token === null ? [] : [["Auth-Token", `${token.slice(0, 9)}…`]]),
    ...present(answer, "Auth-Token-Valid-Until"),
    ...(answer.code ? [["Problem", answer.code, answer.content.detail]] : []),
  ];
}

function challenges(answer) {
  const sentAlong = answer.field("www-authenticate");
  return sentAlong === null
    ? ["WWW-Authenticate", "none", "nothing that a browser could open a window for"]
    : ["WWW-Authenticate", sentAlong, "a scheme that browsers leave to the page"];
}

function present(answer, name, remark) {
  const value = answer.field(name);
  return value === null ? [] : [[name, value, remark]];
}

function lines(title, fields) {
  if (fields.length === 0) return [];
  return [
    element("dt", {}, title),
    ...fields.map(([name, value, remark]) => element("dd", {},
      element("code", {}, element("b", {}, `${name}:`), " ", element("span", {}, value)),
      remark ? element("small", {}, remark) : "",
    )),
  ];
}
