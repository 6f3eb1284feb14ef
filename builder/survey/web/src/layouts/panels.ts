import { element } from "../page";
import type { Item } from "../types";
import type { Layout } from ".";

/**
 * The first image, and below it panels of equally many of the others. Where the item's own options of a question are as
 * many as the panels, a click on a panel chooses its option; with the keyboard the question's radio buttons do.
 */
export const panels: Layout = (text, item) => {
  const [target, ...others] = item.pictures;
  const options = Object.entries(item.options)[0];
  const count = options?.[1].length ?? 1;
  const size = Math.ceil(others.length / count);
  const made = Array.from({ length: count }, (_, number) => {
    const images = others.slice(number * size, (number + 1) * size).map((src, place) => {
      const alt = text("rating_panel_image", { n: number + 1, m: place + 1 });
      return element("img", { src, alt, draggable: false });
    });
    const panel = element("figure", { className: "panel" }, ...images);
    panel.append(element("figcaption", {}, options?.[1][number] ?? text("rating_panel", { n: number + 1 })));
    panel.addEventListener("click", () => choose(options?.[0], options?.[1][number]));
    return panel;
  });
  const first = element("img", { src: target!, alt: text("rating_single"), draggable: false });
  return element("div", { className: "panels" }, element("div", { className: "single" }, first), ...made);
};

function choose(question?: string, option?: Item["options"][string][number]): void {
  if (question === undefined || option === undefined) return;
  const radios = document.querySelectorAll<HTMLInputElement>(`input[type="radio"][name="${CSS.escape(question)}"]`);
  [...radios].find((radio) => radio.value === option)?.click();
}
