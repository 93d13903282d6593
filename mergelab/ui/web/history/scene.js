/** @import { Address } from "../address/address.js" */
/** @import { Tabs } from "../frame/tabs.js" */

/**
 * Opens a scene's tab and says in the address which cell it narrows to.
 * @param {Tabs} tabs
 * @param {Address} address
 * @param {{ tab: string, at: string | null }} scene
 */
export function openScene(tabs, address, { tab, at }) {
  tabs.show(tab);
  address.set({ at });
}
