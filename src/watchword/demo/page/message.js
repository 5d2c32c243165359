// A message in its place: said once, counting down where something is to be waited for.

import { element } from "./elements.js";

export class Message {
  #place;
  #timer = null;
  #held = null;

  constructor(place) {
    this.#place = place;
  }

  /**
   * `wait`: seconds until it makes sense to try again, counted down. `again`: what a button then does. `holds`: a
   * button that stays disabled until then.
   */
  show({ tone, title, text }, { wait = null, again = null, holds = null } = {}) {
    this.hide();
    this.#place.dataset.tone = tone;
    this.#place.hidden = false;
    this.#place.append(element("p", {}, element("b", {}, title), " ", text));
    const button = again && element("button", { type: "button", class: "quiet" }, "Try again");
    button?.addEventListener("click", again);
    if (wait !== null) this.#countDown(wait, button, (this.#held = holds));
    else if (button) this.#place.append(button);
  }

  hide() {
    clearInterval(this.#timer);
    if (this.#held) this.#held.disabled = false;
    this.#held = null;
    this.#place.hidden = true;
    this.#place.replaceChildren();
  }

  #countDown(wait, button, holds) {
    const until = Date.now() + wait * 1000;
    // Not part of the alert that is read out: it changes every second.
    const left = element("span", { class: "left", role: "timer", "aria-live": "off" });
    const tick = () => {
      const seconds = Math.ceil((until - Date.now()) / 1000);
      left.textContent = `Try again in ${seconds} s.`;
      if (seconds > 0) return;
      clearInterval(this.#timer);
      left.replaceWith(button ?? "You may try again now.");
      if (holds) holds.disabled = false;
    };
    this.#place.append(left);
    if (holds) holds.disabled = true;
    this.#timer = setInterval(tick, 250);
    tick();
  }
}
