// @ts-check
/** The front door: says what this is and which link one needs; a token that lands here is led to its own page. */

import { arrive } from "./arrival.js";
import { byId, setState } from "./dom.js";
import { FloorLine } from "./elements/floor-line.js";
import { drawGate } from "./gate.js";
import { languageFor, offerPreferences } from "./preferences.js";
import { fill, say, speak } from "./words.js";

async function begin() {
  await speak(languageFor("index", null));
  const hasToken = location.hash.length > 1;
  const arrival = hasToken ? await arrive("index") : null;
  if (arrival === "elsewhere") return;
  const refused = arrival === "link.refused";
  await offerPreferences({
    page: "index",
    into: byId("preferences", HTMLElement),
    theme: null,
    redraw: () => {
      fill();
      byId("floor", FloorLine).show("here", "here", say("home.title"));
      drawGate("idle", refused ? "link.refused" : null);
    },
  });
  setState(document.documentElement, refused ? "error" : "waiting");
}

void begin();
