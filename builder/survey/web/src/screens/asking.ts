import { type Text, element } from "../page";
import type { Item, Task } from "../types";
import { widgetOf } from "../widgets";

type Answers = Record<string, string | number | boolean>;

/** The questions of an item as a form whose button works when all are answered. */
export interface Asking {
  form: HTMLFormElement;
  next: HTMLButtonElement;
  answers(): Answers;
}

export function asking(text: Text, { questions }: Task, item: Item, participant: string): Asking {
  const next = element("button", { disabled: true }, text("next"));
  const widgets = questions.map((question) => ({ name: question.name, ...widgetOf(text, question, item, participant) }));
  const form = element("form", { className: "rating" }, ...widgets.map(({ field }) => field));
  form.append(element("div", { className: "actions" }, next, element("p", {}, text("rating_hint"))));
  const update = () => {
    next.disabled = widgets.some(({ answer }) => answer(form) === null);
  };
  for (const event of ["input", "pointerup"]) form.addEventListener(event, update);
  return { form, next, answers: () => Object.fromEntries(widgets.map(({ name, answer }) => [name, answer(form)!])) };
}

/** The item with the local copies of its images. */
export function withLocal(item: Item, images: Map<string, string>): Item {
  return { ...item, pictures: item.pictures.map((address) => images.get(address)!) };
}
