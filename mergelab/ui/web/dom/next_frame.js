/**
 * A function that does `work` in the next frame, once, however often it is called before.
 * @param {() => void} work
 * @returns {() => void}
 */
export function inNextFrame(work) {
  /** @type {number | null} */
  let frame = null;
  return () => {
    frame ??= requestAnimationFrame(() => {
      frame = null;
      work();
    });
  };
}
