// @ts-check
/** Typed access to the page's own elements, and elements made without markup strings. */

/**
 * The element with this id, of the expected class.
 * @template {Element} T
 * @param {string} id
 * @param {new () => T} kind
 * @returns {T}
 */
export function byId(id, kind) {
  const element = document.getElementById(id);
  if (element instanceof kind) return element;
  throw new TypeError(`the page has no ${kind.name} #${id}`);
}

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {string} [className]
 * @param {(Node | string)[]} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function make(tag, className = "", ...children) {
  const element = document.createElement(tag);
  if (className !== "") element.className = className;
  element.append(...children);
  return element;
}

/**
 * Turn a class on or off only when it changes, so that nothing is redrawn in vain.
 * @param {Element} element
 * @param {string} name
 * @param {boolean} on
 */
export function mark(element, name, on) {
  if (element.classList.contains(name) !== on) element.classList.toggle(name, on);
}

/**
 * @param {HTMLElement} element
 * @param {string} state
 * @returns {boolean} whether it changed
 */
export function setState(element, state) {
  if (element.dataset.state === state) return false;
  element.dataset.state = state;
  return true;
}
