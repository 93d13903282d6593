const GAP = 6; // pixels

/**
 * Where a box stands beside something without leaving the window: below it, or above where there is more room.
 * @param {{ left: number, top: number, bottom: number }} target
 * @param {{ width: number, height: number }} box
 * @param {{ width: number, height: number }} view
 * @returns {{ left: number, top: number }}
 */
export function placeBeside(target, box, view) {
  const left = Math.max(GAP, Math.min(target.left, view.width - box.width - GAP));
  const fits = target.bottom + GAP + box.height <= view.height;
  return { left, top: fits ? target.bottom + GAP : Math.max(GAP, target.top - GAP - box.height) };
}
