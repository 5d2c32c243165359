// The demo page: two tabs, in each a panel, in each another way to sign in to the same API.

import { Panel } from "./panel.js";
import { CookieWay, TokenWay } from "./ways.js";

const ways = [new TokenWay(), new CookieWay()];
const tabs = ways.map((way) => document.getElementById(`tab-${way.key}`));

for (const way of ways) {
  new Panel(document.getElementById(`panel-${way.key}`), way).start();
}

function show(index, { focus = false } = {}) {
  tabs.forEach((tab, each) => {
    const chosen = each === index;
    tab.setAttribute("aria-selected", String(chosen));
    tab.tabIndex = chosen ? 0 : -1;
    document.getElementById(tab.getAttribute("aria-controls")).hidden = !chosen;
  });
  history.replaceState(null, "", `#${ways[index].key}`);
  if (focus) tabs[index].focus();
}

tabs.forEach((tab, index) => {
  tab.addEventListener("click", () => show(index));
  tab.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const to = { Home: 0, End: tabs.length - 1 }[event.key] ?? (step && (index + step + tabs.length) % tabs.length);
    if (to === undefined) return;
    event.preventDefault();
    show(to, { focus: true });
  });
});

const named = ways.findIndex((way) => location.hash === `#${way.key}`);
show(Math.max(0, named));
