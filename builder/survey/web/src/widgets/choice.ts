import { ordered } from "../order";
import { choice } from "../page";
import type { Choice, Item } from "../types";
import type { Widget } from ".";

/** Radio buttons, of the question's options, in the participant's order, or of the item's own. */
export function choiceWidget(question: Choice, asked: string, item: Item, participant: string): Widget {
  const { name, options, shuffled } = question;
  const own = item.options[name]?.map((value) => ({ value, text: value }));
  const field = choice(
    name,
    asked,
    (own ?? ordered(options, shuffled, `${participant}:${name}`)).map(({ value, text }) => [value, text]),
  );
  return { field, answer: (form) => new FormData(form).get(name) as string | null };
}
