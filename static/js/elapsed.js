/** When it is slow, the quiet line says since when: `data-since` is the moment it began, in Unix milliseconds. */

const PATIENCE = 3_000; // before that, waiting is what everybody expects
const TICK = 1_000;
const DAY = 86_400_000; // a difference beyond it is a wrong clock, not a wait

setInterval(() => {
  for (const line of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-since]:not([data-over] *)"))) {
    const passed = Date.now() - Number(line.dataset.since);
    if (passed > PATIENCE && passed < DAY) line.dataset.elapsed = spoken(Math.round(passed / 1000));
  }
}, TICK);

/** @param {number} seconds */
function spoken(seconds) {
  return seconds < 120 ? `${seconds} s` : `${Math.floor(seconds / 60)} min`;
}
