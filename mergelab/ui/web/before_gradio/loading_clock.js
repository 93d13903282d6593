/**
 * Stops the clock that Gradio would let run on every page for as long as it is open.
 *
 * While a page loads, Gradio counts its seconds, once per frame. The count goes on after the element that shows it is gone: an
 * idle page draws one frame after the other for nobody. Here frames for such counts are never given. This page shows none of
 * them: its own strip tells how long something takes.
 *
 * This is a classic script, not a module: Gradio's scripts keep the `requestAnimationFrame` that they find.
 */
(() => {
  /** What Gradio's counting says in its minified source: the seconds since a start. */
  const COUNTS = /performance\.now\(\)-.{1,20}\/1e3/;
  const frame = window.requestAnimationFrame.bind(window);

  window.requestAnimationFrame = (draw) => (COUNTS.test(draw.toString()) ? 0 : frame(draw));
})();
