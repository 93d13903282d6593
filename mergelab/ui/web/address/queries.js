/** The query of the page's address, and of links. */

/**
 * A query without the escapes that commas and colons do not need.
 * @param {URLSearchParams} query
 * @returns {string}
 */
export function readable(query) {
  return query.toString().replaceAll("%2C", ",").replaceAll("%3A", ":");
}

/**
 * The query of a link: the recipe's, as Python wrote it, and what the browser alone knows.
 * @param {string | undefined} recipe
 * @param {Map<string, string>} view
 * @returns {string}
 */
export function linkQuery(recipe, view) {
  return [recipe, readable(new URLSearchParams([...view]))].filter(Boolean).join("&");
}

/**
 * The query of the address bar: a link's, and the parameters that Gradio reads, such as `__theme`.
 * @param {string} link the query of the link
 * @param {string} current the address bar's query
 * @returns {string}
 */
export function addressQuery(link, current) {
  const gradio = [...new URLSearchParams(current)].filter(([name]) => name.startsWith("__"));
  return [link, new URLSearchParams(gradio).toString()].filter(Boolean).join("&");
}

/**
 * The parameters of a query that the browser writes by itself.
 * @param {string} query
 * @param {string[]} names
 * @returns {Map<string, string>}
 */
export function viewOf(query, names) {
  const given = new URLSearchParams(query);
  return new Map(names.flatMap((name) => {
    const value = given.get(name);
    return value ? [/** @type {[string, string]} */ ([name, value])] : [];
  }));
}

/**
 * The parameters of a query that say the recipe, as Python writes them.
 * @param {string} query
 * @param {string[]} view the names of those that the browser writes by itself
 * @returns {string}
 */
export function recipeOf(query, view) {
  const parts = [...new URLSearchParams(query)].filter(([name]) => !view.includes(name) && !name.startsWith("__"));
  return readable(new URLSearchParams(parts));
}

/**
 * The parameters of a query that pin recipes, as one text.
 * @param {string} query
 * @returns {string}
 */
export function pinsOf(query) {
  const given = new URLSearchParams(query);
  return JSON.stringify(["a", "b"].map((slot) => given.get(slot)));
}
