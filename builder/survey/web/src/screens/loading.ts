import { getImage } from "../connection";
import { type Text, element, plugin, show } from "../page";
import type { Item } from "../types";

const AT_ONCE = 6;

/** Fetches every image that the items show, so that none is waited for later; `images` maps addresses to local copies. */
export function loadingPlugin(text: Text, items: Item[], images: Map<string, string>) {
  const info = { name: "lands-between-loading", version: "1", parameters: {}, data: {} };
  return plugin(info, async (display) => {
    const addresses = new Set(items.flatMap(({ pictures }) => pictures));
    const said = () => text("loading_progress", { n: images.size, total: addresses.size });
    const count = element("p", { id: "loaded" }, said());
    const progress = element("progress", { max: addresses.size, value: 0 });
    progress.setAttribute("aria-labelledby", "loaded");
    show(display, text("loading_heading"), count, progress);

    const waiting = addresses.values();
    const fetchNext = async () => {
      for (const address of waiting) {
        images.set(address, await getImage(address));
        progress.value = images.size;
        count.textContent = said();
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, fetchNext)); // they share the one iterator
    return { task: "loading" };
  });
}
