// @ts-check
/** What an unattended screen needs of the browser: to stay awake, fill the glass, hide the pointer and not burn in. */

const POINTER_MS = 3000;
const SHIFT_MS = 10 * 60 * 1000;
const SHIFTS = [
  [0, 0],
  [2, 0],
  [2, 2],
  [0, 2],
];

/**
 * @param {() => void} act
 */
export function onFirstTouch(act) {
  window.addEventListener("pointerup", act, { once: true });
}

export function hideIdlePointer() {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const root = document.documentElement;
  const wake = () => {
    root.classList.remove("idle");
    clearTimeout(timer);
    timer = setTimeout(() => root.classList.add("idle"), POINTER_MS);
  };
  window.addEventListener("pointermove", wake);
  window.addEventListener("keydown", wake);
  wake();
}

/** A wake lock ends whenever the page is hidden; it is taken again each time the page is seen. */
export function keepAwake() {
  const ask = async () => {
    if (document.visibilityState !== "visible" || !("wakeLock" in navigator)) return;
    await navigator.wakeLock.request("screen").catch(() => undefined); // refused on low battery: nothing to do
  };
  document.addEventListener("visibilitychange", () => void ask());
  void ask();
}

/** Plates move by two units every ten minutes. */
export function moveAgainstBurnIn() {
  let place = 0;
  setInterval(() => {
    place = (place + 1) % SHIFTS.length;
    const [x, y] = SHIFTS[place];
    document.documentElement.style.setProperty("--shift-x", String(x));
    document.documentElement.style.setProperty("--shift-y", String(y));
  }, SHIFT_MS);
}
