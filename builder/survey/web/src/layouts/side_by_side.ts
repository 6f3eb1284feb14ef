import { element } from "../page";
import type { Layout } from ".";

/** Two images, the first on the left, or on the item's side. */
export const sideBySide: Layout = (text, { pictures, side }) => {
  const shown = side === "right" ? [...pictures].reverse() : pictures;
  const [left, right] = ["rating_left", "rating_right"].map((place, number) =>
    element("img", { src: shown[number]!, alt: text(place), draggable: false }),
  );
  return element("div", { className: "side-by-side" }, left!, right!);
};
