import type { Text } from "../page";
import type { Item, Question } from "../types";
import { choiceWidget } from "./choice";
import { slider } from "./slider";
import { yesNo } from "./yes_no";

/** A question on the page. `answer` is null as long as there is none; `update` events come from its form. */
export interface Widget {
  field: HTMLElement;
  answer(form: HTMLFormElement): string | number | boolean | null;
}

/** The widget of a question for the participant of an id; a new type of question needs a case here, or this does not compile. */
export function widgetOf(text: Text, question: Question, item: Item, participant: string): Widget {
  const asked = question.text.replace(/\{(\w+)\}/g, (whole, name: string) => item.words[name] ?? whole);
  switch (question.type) {
    case "scale":
      return slider(text, question, asked);
    case "yes_no":
      return yesNo(text, question, asked);
    case "choice":
      return choiceWidget(question, asked, item, participant);
    default:
      return question satisfies never;
  }
}
