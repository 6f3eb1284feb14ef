import { element } from "../page";
import type { Layout } from ".";

/** Two images, the first on the left. */
export const sideBySide: Layout = (text, { pictures }) => {
  const [left, right] = ["rating_left", "rating_right"].map((side, number) =>
    element("img", { src: pictures[number]!, alt: text(side), draggable: false }),
  );
  return element("div", { className: "side-by-side" }, left!, right!);
};
