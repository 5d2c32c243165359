// One way of signing in, shown: a door with a form, and behind it patients and notes.

import { copied, element, partsOf, prose } from "./elements.js";
import { logged, summaryOf } from "./log.js";
import { Message } from "./message.js";
import { isOutage, refusal } from "./words.js";

export class Panel {
  #way;
  #parts;
  #message;
  #notice;
  #noteMessage;
  #patient = null;
  #visit = 0;
  #expired = null;

  constructor(root, way) {
    this.#way = way;
    root.append(copied(document.getElementById("panel"), way.key));
    const parts = (this.#parts = partsOf(root));
    this.#message = new Message(parts.message);
    this.#notice = new Message(parts.notice);
    this.#noteMessage = new Message(parts.noteMessage);
    parts.how.append(...prose(way.how));
    parts.credential.textContent = way.credential;

    way.wire.onExchange = (exchange) => {
      parts.silence.hidden = true;
      logged(parts.wire, exchange);
      parts.latest.replaceChildren(...summaryOf(exchange));
      parts.latest.hidden = false;
    };
    way.onChanged = () => this.#changedElsewhere();
    parts.latest.addEventListener("click", () => parts.wireTitle.scrollIntoView());
    parts.form.addEventListener("submit", (event) => this.#submitted(event));
    parts.reveal.addEventListener("click", () => this.#reveal());
    for (const chip of root.querySelectorAll("[data-user]")) {
      chip.addEventListener("click", () => this.#choose(chip.dataset.user));
    }
    parts.signOut.addEventListener("click", () => this.#signOut());
    parts.reload.addEventListener("click", () => this.#load());
    parts.noteForm.addEventListener("submit", (event) => this.#noteSubmitted(event));
    setInterval(() => this.#tick(), 250);
  }

  /** Go in at once where an earlier sign-in is still good. */
  async start() {
    const answer = await this.#way.resume();
    if (this.#way.who) {
      await this.#enter();
    } else if (answer && isOutage(answer)) {
      this.#message.show(refusal(answer), { wait: answer.retryAfter, again: () => this.#restart() });
    } else if (answer && answer.status !== 200) {
      this.#leave(refusal(answer));
    }
  }

  #restart() {
    this.#message.hide();
    this.start();
  }

  // --- the door

  async #submitted(event) {
    event.preventDefault();
    const { form, submit } = this.#parts;
    const { username, password } = form.elements;
    if (submit.disabled) return;
    this.#message.hide();
    submit.disabled = true;
    const answer = await this.#way.signIn(username.value, password.value);
    submit.disabled = false;
    if (this.#way.who) {
      form.reset();
      this.#reveal(false);
      await this.#enter({ focus: true });
      return;
    }
    this.#message.show(refusal(answer, "signing-in"), { wait: answer.retryAfter, holds: submit });
    if (!isOutage(answer)) {
      password.value = "";
      password.focus();
    }
  }

  #reveal(shown = this.#parts.form.elements.password.type === "password") {
    const { reveal, form } = this.#parts;
    form.elements.password.type = shown ? "text" : "password";
    reveal.textContent = shown ? "Hide" : "Show";
    reveal.setAttribute("aria-label", `${reveal.textContent} the password`);
  }

  #choose(user) {
    const { username, password } = this.#parts.form.elements;
    username.value = user;
    password.focus();
  }

  /** Back to the door, with the reason. Nothing of what was inside stays on the page. */
  #leave(reason) {
    const { door, inside, form } = this.#parts;
    const user = this.#way.who?.user ?? this.#parts.name.textContent;
    this.#way.forget();
    this.#clear();
    inside.hidden = true;
    door.hidden = false;
    this.#message.show(reason);
    form.elements.username.value = user;
    form.elements[user ? "password" : "username"].focus({ preventScroll: true });
  }

  /** What was asked for by whoever was here is not shown any more, even if it has yet to arrive. */
  #clear() {
    const { patients, noPatients, notes, chart, noteForm } = this.#parts;
    this.#visit += 1;
    this.#patient = null;
    patients.replaceChildren();
    notes.replaceChildren();
    noteForm.reset();
    this.#notice.hide();
    this.#noteMessage.hide();
    chart.hidden = noPatients.hidden = true;
  }

  async #changedElsewhere() {
    const before = this.#way.who?.user;
    await this.#way.resume();
    const now = this.#way.who?.user;
    if (now && now !== before) await this.#enter();
    else if (before && !now) {
      this.#leave({ tone: "good", title: "You are signed out.", text: "Another window did it, for all of them." });
    }
  }

  async #signOut() {
    const answer = await this.#way.signOut();
    if (isOutage(answer)) {
      this.#outage(answer, () => this.#signOut());
    } else {
      const text = `The server has forgotten the ${this.#way.credential.toLowerCase()}, too: a copy would help nobody.`;
      this.#leave({ tone: "good", title: "You are signed out.", text });
    }
  }

  // --- inside

  async #enter({ focus = false } = {}) {
    const { door, inside, face, name, roles } = this.#parts;
    const who = this.#way.who;
    this.#clear();
    face.textContent = who.user.slice(0, 1).toUpperCase();
    name.textContent = who.user;
    roles.replaceChildren(...(who.roles.length ? who.roles : ["no roles"]).map((role) => element("li", {}, role)));
    this.#message.hide();
    door.hidden = true;
    inside.hidden = false;
    this.#tick();
    if (focus) name.focus();
    await this.#load();
  }

  /** Send a request of who is signed in. Null where its answer was dealt with, or came too late to matter. */
  async #send(method, path, content, again) {
    const visit = this.#visit;
    this.#notice.hide();
    const answer = await this.#way.send(method, path, content);
    if (visit !== this.#visit) return null;
    if (answer.status === 401) this.#leave(refusal(answer, "signed-in"));
    else if (isOutage(answer)) this.#outage(answer, again);
    else return answer;
    return null;
  }

  /** Told where one is: an outage is no reason to send anybody to the door. */
  #outage(answer, again) {
    this.#notice.show(refusal(answer, "signed-in"), { wait: answer.retryAfter, again });
  }

  async #load() {
    const { patients, noPatients } = this.#parts;
    const answer = await this.#send("GET", "/patients", undefined, () => this.#load());
    if (answer === null) return;
    if (answer.status !== 200) {
      noPatients.textContent = this.#mayNot(answer, "see patients", "clerk");
      noPatients.hidden = false;
      return;
    }
    noPatients.hidden = true;
    patients.replaceChildren(...answer.content.patients.map((patient) => this.#row(patient)));
    const open = answer.content.patients.find((patient) => patient.id === this.#patient) ?? answer.content.patients[0];
    if (open) await this.#open(open);
  }

  #row(patient) {
    const button = element("button", { type: "button", "data-patient": patient.id },
      element("b", {}, patient.name), element("small", {}, patient.ward));
    button.addEventListener("click", () => this.#open(patient, { focus: true }));
    return element("li", {}, button);
  }

  async #open(patient, { focus = false } = {}) {
    const { patients, chart, particulars, notes } = this.#parts;
    if (this.#patient !== patient.id) this.#parts.noteForm.reset();
    this.#patient = patient.id;
    const answer = await this.#send("GET", `/patients/${patient.id}/notes`, undefined, () => this.#open(patient));
    if (answer === null || this.#patient !== patient.id) return;
    for (const button of patients.querySelectorAll("button")) {
      button.toggleAttribute("aria-current", button.dataset.patient === patient.id);
    }
    this.#parts.patient.textContent = patient.name;
    particulars.textContent = `Born ${day(patient.born)} · ${patient.ward}`;
    notes.replaceChildren(...(answer.status === 200 ? answer.content.notes : []).map(shownNote));
    this.#noteMessage.hide();
    chart.hidden = false;
    if (focus) this.#parts.patient.focus();
  }

  async #noteSubmitted(event) {
    event.preventDefault();
    const { noteForm, notes, addNote } = this.#parts;
    const patient = this.#patient;
    const text = noteForm.elements.text.value;
    if (addNote.disabled) return;
    this.#noteMessage.hide();
    addNote.disabled = true;
    const answer = await this.#send("POST", `/patients/${patient}/notes`, { text }, () => noteForm.requestSubmit());
    addNote.disabled = false;
    if (answer === null || patient !== this.#patient) return;
    if (answer.status === 201) {
      notes.append(shownNote(answer.content));
      noteForm.reset();
    } else if (answer.status === 403) {
      const text = this.#mayNot(answer, "write one", "doctor");
      this.#noteMessage.show({ tone: "warn", title: "You may not write notes.", text });
    } else {
      this.#noteMessage.show(refusal(answer, "signed-in"));
    }
  }

  /** A 403 told for what it is: no question of who somebody is, so no form to sign in. */
  #mayNot(answer, deed, role) {
    if (answer.status !== 403) return answer.content?.detail ?? `Status ${answer.status}`;
    const signedIn = `You are still signed in as ${this.#way.who.user}`;
    return `To ${deed} takes the role ${role}. ${signedIn}, and to sign in again would change nothing.`;
  }

  // --- the time that is left

  #tick() {
    if (!this.#way.who) return;
    const { left, life } = this.#parts;
    const rest = Math.max(0, this.#way.until - Date.now());
    left.textContent = clock(rest);
    life.max = this.#way.length;
    life.value = rest;
    life.toggleAttribute("data-low", rest < 60_000);
    if (rest === 0 && this.#expired !== this.#way.until) {
      // Whether it has ended is for the server to say: ask it, once.
      this.#expired = this.#way.until;
      this.#load();
    }
  }
}

function shownNote(note) {
  return element("li", {},
    element("p", {}, note.text),
    element("small", {}, element("b", {}, note.by), " · ", element("time", { datetime: note.at }, moment(note.at))));
}

const MOMENT = { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" };
const DAY = { dateStyle: "medium", timeZone: "UTC" };

const moment = (instant) => new Date(instant).toLocaleString(undefined, MOMENT);
const day = (date) => new Date(date).toLocaleDateString(undefined, DAY);

function clock(milliseconds) {
  const seconds = Math.ceil(milliseconds / 1000);
  const two = (number) => String(number).padStart(2, "0");
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  return hours ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}
