import { element } from "../page";
import type { Layout } from ".";

/** One image. */
export const single: Layout = (text, { pictures }) =>
  element(
    "div",
    { className: "single" },
    ...pictures.map((src) => element("img", { src, alt: text("rating_single"), draggable: false })),
  );
