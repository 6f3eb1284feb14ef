import type { Text } from "../page";
import type { Item, Task } from "../types";
import { panels } from "./panels";
import { sideBySide } from "./side_by_side";
import { single } from "./single";

/** How an item's images are shown; the element is complete when all of them are decoded. */
export type Layout = (text: Text, item: Item) => HTMLElement;

const LAYOUTS: Record<Task["form"], Layout> = { single, side_by_side: sideBySide, panels };

/** All images are decoded before any is shown. */
export async function laidOut(text: Text, form: Task["form"], item: Item): Promise<HTMLElement> {
  const shown = LAYOUTS[form](text, item);
  await Promise.all([...shown.querySelectorAll("img")].map((image) => image.decode()));
  return shown;
}
