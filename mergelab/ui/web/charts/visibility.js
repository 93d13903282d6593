/** @typedef {{ width: number, height: number }} Size */

/**
 * Which plots are in sight and how large they are, as observers report it. Asking in the middle of drawing would make
 * the browser lay out the page again for each chart.
 */
export class Visibility {
  /** @type {Map<Element, Size>} */
  #sizes = new Map();
  /** @type {Set<Element>} */
  #inSight = new Set();

  /**
   * @param {HTMLElement[]} plots
   * @param {(plot: Element) => void} onResize called when a plot has another size
   * @param {() => void} onSight called when plots come into sight or leave it
   */
  constructor(plots, onResize, onSight) {
    const sizes = new ResizeObserver((entries) => {
      for (const { target, contentRect: { width, height } } of entries) {
        const before = this.#sizes.get(target);
        this.#sizes.set(target, { width, height });
        if (before?.width !== width || before?.height !== height) onResize(target);
      }
    });
    const sight = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries) {
        if (isIntersecting) this.#inSight.add(target);
        else this.#inSight.delete(target);
      }
      onSight();
    }, { rootMargin: "100px" });
    for (const plot of plots) {
      sizes.observe(plot);
      sight.observe(plot);
    }
  }

  /**
   * @param {Element} plot
   * @returns {Size | undefined}
   */
  sizeOf(plot) {
    return this.#sizes.get(plot);
  }

  /**
   * Whether a plot has a place on the page. In a tab that is closed it has none.
   * @param {Element} plot
   * @returns {boolean}
   */
  hasRoom(plot) {
    return Boolean(this.sizeOf(plot)?.width);
  }

  /**
   * @param {Element} plot
   * @returns {boolean}
   */
  isInSight(plot) {
    return this.#inSight.has(plot);
  }
}
