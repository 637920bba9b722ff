// @ts-check
/** The interpreter's keys, by their place on the keyboard: an input method that types Korean changes letters, not places. */

/** @typedef {"air" | "direction" | "cough"} Key */

/** @type {Readonly<Record<string, Key>>} */
const KEYS = { Space: "air", F8: "air", KeyD: "direction", KeyC: "cough" };

/** @param {EventTarget | null} target */
function isText(target) {
  if (target instanceof HTMLTextAreaElement) return true;
  return target instanceof HTMLInputElement && !["range", "checkbox", "radio", "button"].includes(target.type);
}

/**
 * @param {object} options
 * @param {() => boolean} options.letters whether the letter keys count (WCAG 2.1.4: they can be switched off)
 * @param {(key: Key) => void} options.down
 * @param {(key: Key) => void} options.up
 */
export function listenToKeys({ letters, down, up }) {
  /** @param {KeyboardEvent} event @returns {Key | null} */
  const keyOf = (event) => {
    const key = KEYS[event.code];
    if (key === undefined || event.ctrlKey || event.altKey || event.metaKey) return null;
    if (event.code === "F8") return key;
    if (event.isComposing || isText(event.target)) return null;
    return event.code === "Space" || letters() ? key : null;
  };
  window.addEventListener(
    "keydown",
    (event) => {
      const key = keyOf(event);
      if (key === null) return;
      event.preventDefault(); // Space must not press the focused button as well; Enter does that here
      if (!event.repeat) down(key);
    },
    { capture: true },
  );
  window.addEventListener(
    "keyup",
    (event) => {
      const key = keyOf(event);
      if (key !== null) event.preventDefault();
      if (KEYS[event.code] === "cough") up("cough"); // whatever changed meanwhile: a held key lets go
    },
    { capture: true },
  );
}
