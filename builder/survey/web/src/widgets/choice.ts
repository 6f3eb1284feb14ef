import { choice } from "../page";
import type { Choice, Item } from "../types";
import type { Widget } from ".";

/** Radio buttons, of the question's options or of the item's own. */
export function choiceWidget({ name, options }: Choice, asked: string, item: Item): Widget {
  const own = item.options[name]?.map((value) => ({ value, text: value }));
  const field = choice(
    name,
    asked,
    (own ?? options).map(({ value, text }) => [value, text]),
  );
  return { field, answer: (form) => new FormData(form).get(name) as string | null };
}
