// @ts-check
/** A small black picture: what a screen without camera and microphone sends, so that its line is seen to stand. */

const EVERY_MS = 100; // the server waits 2 s for sound after the first picture, and as long for any picture
const SIDE = 64;

/** @returns {MediaStreamTrack} */
export function blackPicture() {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = SIDE;
  const pen = canvas.getContext("2d");
  const [track] = canvas.captureStream().getVideoTracks();
  setInterval(() => pen?.fillRect(0, 0, SIDE, SIDE), EVERY_MS);
  return track;
}
