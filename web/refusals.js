// @ts-check
/** A refusal's code in words for the person who pressed. */

/** @type {Readonly<Record<string, string>>} */
const WORDS = {
  no_line: "refusal.no_line",
  timeout: "refusal.timeout",
  not_allowed: "refusal.not_allowed",
  wrong_phase: "refusal.wrong_phase",
  partner_on_air: "refusal.partner_on_air",
  off_air: "refusal.wrong_phase",
  too_fast: "refusal.too_fast",
  not_saved: "refusal.not_saved",
  no_media: "refusal.no_media",
  busy: "refusal.busy",
};

/**
 * The key of the sentence for a code.
 * @param {string} code
 */
export function refusalWord(code) {
  return WORDS[code] ?? "refusal.other";
}
