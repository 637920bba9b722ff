// @ts-check
/** The few drawn signs of the pages, as outlines on a 24 x 24 grid in the colour of their text. */

const NAMESPACE = "http://www.w3.org/2000/svg";

/** A path with a leading "+" is filled, the others are drawn as lines. */
const SHAPES = {
  pause: ["+M7 5h3.6v14H7z", "+M13.4 5H17v14h-3.6z"],
  microphone: ["+M12 3a3 3 0 0 0-3 3v5.5a3 3 0 0 0 6 0V6a3 3 0 0 0-3-3z", "M6 11a6 6 0 0 0 12 0", "M12 17v4"],
  microphone_off: ["+M12 3a3 3 0 0 0-3 3v5.5a3 3 0 0 0 6 0V6a3 3 0 0 0-3-3z", "M6 11a6 6 0 0 0 12 0", "M12 17v4", "M4 3l16 18"],
  camera: ["M3 7h12v10H3z", "M15 11l6-3.5v9L15 13"],
  camera_off: ["M3 7h12v10H3z", "M15 11l6-3.5v9L15 13", "M3 3l18 18"],
  unplugged: ["M3 12h5", "M16 12h5", "M10.5 8.5l-2.5 3.5 2.5 3.5", "M13.5 8.5l2.5 3.5-2.5 3.5"],
  attention: ["M12 4L2.8 20h18.4z", "M12 10v4.5", "M12 17.2v.6"],
  tick: ["M3 12a9 9 0 1 0 18 0 9 9 0 1 0-18 0", "M7.5 12.3l3 3 6-6.3"],
  tick_bare: ["M5 12.5l4.5 4.5L19 7"],
  cross: ["M6 6l12 12", "M18 6L6 18"],
  absent: ["M4 12h4", "M10 12h4", "M16 12h4"],
  fault: ["+M12 1.5L22.5 12 12 22.5 1.5 12z"],
  arrow: ["M3 12h18", "M14 5l7 7-7 7"],
  fill: ["M3 6h18v12H3z", "M12 9V6", "M12 15v3", "M6 12H3", "M18 12h3"],
  fit: ["M3 6h18v12H3z", "M3 9.5h18", "M3 14.5h18"],
  gear: ["M4 7h10", "M18 7h2", "M4 17h2", "M10 17h10", "M14 7a2 2 0 1 0 4 0 2 2 0 1 0-4 0", "M6 17a2 2 0 1 0 4 0 2 2 0 1 0-4 0"],
  loudspeaker: ["+M4 9h4l5-4v14l-5-4H4z", "M16.5 8.5a5 5 0 0 1 0 7", "M19 6a8.5 8.5 0 0 1 0 12"],
  minus: ["M5 12h14"],
  plus: ["M5 12h14", "M12 5v14"],
};

/** @typedef {keyof typeof SHAPES} IconName */

/**
 * @param {IconName} name
 * @returns {SVGSVGElement}
 */
export function icon(name) {
  const svg = document.createElementNS(NAMESPACE, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("class", `icon ${name}`);
  for (const shape of SHAPES[name]) {
    const path = document.createElementNS(NAMESPACE, "path");
    const solid = shape.startsWith("+");
    path.setAttribute("d", solid ? shape.slice(1) : shape);
    path.setAttribute("class", solid ? "solid" : "stroke");
    svg.append(path);
  }
  return svg;
}
