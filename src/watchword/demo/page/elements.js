// Making elements. Text only ever becomes text: nothing that a server sent is read as HTML.

/** An element with these attributes (true: present without a value) and children, elements or texts. */
export function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value === true ? "" : value);
  made.append(...children);
  return made;
}

/** A text as nodes: what stands between backticks is code. */
export function prose(text) {
  return text.split("`").map((part, index) => (index % 2 ? element("code", {}, part) : part));
}

/** A copy of a template, whose ids, and what refers to them, begin with a prefix. */
export function copied(template, prefix) {
  const copy = template.content.cloneNode(true);
  for (const name of ["id", "for", "aria-labelledby", "aria-describedby"]) {
    for (const holder of copy.querySelectorAll(`[${name}]`)) {
      holder.setAttribute(name, `${prefix}-${holder.getAttribute(name)}`);
    }
  }
  return copy;
}

/** The elements marked data-part, by that name. */
export function partsOf(root) {
  return Object.fromEntries([...root.querySelectorAll("[data-part]")].map((part) => [part.dataset.part, part]));
}
