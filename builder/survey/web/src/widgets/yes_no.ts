import { type Text, choice } from "../page";
import type { YesNo } from "../types";
import type { Widget } from ".";

/** Two radio buttons. */
export function yesNo(text: Text, { name }: YesNo, asked: string): Widget {
  const field = choice(name, asked, [
    ["yes", text("rating_yes")],
    ["no", text("rating_no")],
  ]);
  return {
    field,
    answer: (form) => {
      const chosen = new FormData(form).get(name);
      return chosen === null ? null : chosen === "yes";
    },
  };
}
