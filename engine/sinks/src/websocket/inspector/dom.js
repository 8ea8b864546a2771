// Elements from code. Texts are texts: nothing that comes from a pipeline is ever read as HTML.

const SVG = "http://www.w3.org/2000/svg";

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (typeof value === "function") element.addEventListener(name, value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** An HTML element; an attribute that is a function listens to the event of that name. */
export function el(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/** An SVG element. */
export function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

/** Sets a text only where it differs, which spares the browser a layout. */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Calls `work` with the next frame, however often it is asked for until then. */
export function onFrame(work) {
  let asked = false;
  return () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      work();
    });
  };
}

/** What is kept in this browser; nothing where storage is closed. */
export const kept = {
  get(name) {
    try {
      return localStorage.getItem(`zaraba.${name}`);
    } catch {
      return null;
    }
  },
  set(name, value) {
    try {
      localStorage.setItem(`zaraba.${name}`, value);
    } catch {
      // Then the choice lasts as long as the page.
    }
  },
};
