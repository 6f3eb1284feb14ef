import type { Memory } from "../memory";
import { type Text, element, labeled, plugin, show, submitted } from "../page";
import type { Answer, Config, Strategies } from "../types";

const MOST_CHARACTERS = 2000;

/** What is asked for in a participant's own words, a text each; what is being written survives a reload. */
export function strategiesPlugin(
  text: Text,
  asked: Config["free_texts"],
  drafts: Memory,
  save: (answer: Answer) => Promise<void>,
) {
  const info = { name: "lands-between-strategies", version: "1", parameters: {}, data: {} };
  return plugin(info, async (display) => {
    const areas = asked.map(({ name }) => {
      const value = drafts.get<string>(name) ?? "";
      const made = element("textarea", { name, value, rows: 4, maxLength: MOST_CHARACTERS, required: true });
      made.addEventListener("input", () => drafts.set(name, made.value));
      return made;
    });
    const form = element(
      "form",
      {},
      ...areas.map((area, number) => labeled(asked[number]!.text, area)),
      element("div", { className: "actions" }, element("button", {}, text("next"))),
    );
    show(display, text("strategies_heading"), form);
    await submitted(form);
    const texts = Object.fromEntries(areas.map(({ name, value }) => [name, value]));
    const answer: Strategies = { task: "strategies", ...texts };
    await save(answer);
    for (const { name } of areas) drafts.remove(name);
    return answer;
  });
}
