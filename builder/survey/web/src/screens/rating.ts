import { ParameterType, type TrialType } from "jspsych";

import { laidOut } from "../layouts";
import { type Text, announce, element, plugin, show, submitted } from "../page";
import type { Answer, Config, Item, Rating } from "../types";
import { asking, withLocal } from "./asking";

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
    const item = withLocal(trial.item as Item, images);
    const task = tasks[item.task]!;
    const { form, answers } = asking(text, task, item, participant);
    const pictures = await laidOut(text, task.form, item);
    const heading = text("rating_heading", { n: trial.position + 1, total: trial.total });
    show(display, heading, progressBar(heading, trial), pictures, form);
    announce(heading);
    const shown = performance.now();
    await submitted(form);
    const answer: Rating = {
      task: "rating",
      [key]: item.id,
      ...answers(),
      ...(item.side === undefined ? {} : { side: item.side }),
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
