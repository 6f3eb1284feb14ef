import { ParameterType, type TrialType } from "jspsych";

import { laidOut } from "../layouts";
import { type Text, announce, element, plugin, show, submitted } from "../page";
import type { Answer, Config, Item, Rating } from "../types";
import { widgetOf } from "../widgets";

const info = {
  name: "lands-between-rating",
  version: "1",
  parameters: {
    /** An Item. */
    item: { type: ParameterType.OBJECT, default: undefined },
    /** Place in the participant's order, from 0, of `total`. */
    position: { type: ParameterType.INT, default: undefined },
    total: { type: ParameterType.INT, default: undefined },
  },
  data: {},
} as const;

/** One item and its questions; Next when all are answered, and on when the answers are stored. */
export function ratingPlugin(
  text: Text,
  { key, tasks }: Pick<Config, "key" | "tasks">,
  images: Map<string, string>,
  participant: string,
  save: (answer: Answer) => Promise<void>,
) {
  return plugin(info, async (display, trial) => {
    const stored = trial.item as Item;
    const item = { ...stored, pictures: stored.pictures.map((address) => images.get(address)!) };
    const { form: layout, questions } = tasks[item.task]!;
    const next = element("button", { disabled: true }, text("next"));
    const widgets = questions.map((question) => ({ name: question.name, ...widgetOf(text, question, item, participant) }));
    const form = element("form", { className: "rating" }, ...widgets.map(({ field }) => field));
    form.append(element("div", { className: "actions" }, next, element("p", {}, text("rating_hint"))));
    const update = () => {
      next.disabled = widgets.some(({ answer }) => answer(form) === null);
    };
    for (const event of ["input", "pointerup"]) form.addEventListener(event, update);

    const pictures = await laidOut(text, layout, item);
    const heading = text("rating_heading", { n: trial.position + 1, total: trial.total });
    show(display, heading, progressBar(heading, trial), pictures, form);
    announce(heading);
    const shown = performance.now();
    await submitted(form);
    const answers = Object.fromEntries(widgets.map(({ name, answer }) => [name, answer(form)!]));
    const answer: Rating = {
      task: "rating",
      [key]: item.id,
      ...answers,
      rt: Math.round(performance.now() - shown),
      position: trial.position,
      rated_at: new Date().toISOString(),
    };
    await save(answer);
    return answer;
  });
}

function progressBar(heading: string, { position, total }: TrialType<typeof info>): HTMLProgressElement {
  return element("progress", { max: total, value: position, ariaLabel: heading });
}
