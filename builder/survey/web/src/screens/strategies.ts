import type { Memory } from "../memory";
import { type Text, element, labeled, plugin, show, submitted } from "../page";
import type { Answer, Strategies } from "../types";

const MOST_CHARACTERS = 2000;

/** A free text each on how similarity and identity were judged; what is being written survives a reload. */
export function strategiesPlugin(text: Text, drafts: Memory, save: (answer: Answer) => Promise<void>) {
  const info = { name: "lands-between-strategies", version: "1", parameters: {}, data: {} };
  return plugin(info, async (display) => {
    const area = (name: string) => {
      const value = drafts.get<string>(name) ?? "";
      const made = element("textarea", { name, value, rows: 4, maxLength: MOST_CHARACTERS, required: true });
      made.addEventListener("input", () => drafts.set(name, made.value));
      return made;
    };
    const [similarity, identity] = [area("strategy_similarity"), area("strategy_identity")];
    const form = element(
      "form",
      {},
      labeled(text("strategies_similarity"), similarity),
      labeled(text("strategies_identity"), identity),
      element("div", { className: "actions" }, element("button", {}, text("next"))),
    );
    show(display, text("strategies_heading"), form);
    await submitted(form);
    const answer: Strategies = {
      task: "strategies",
      strategy_similarity: similarity.value,
      strategy_identity: identity.value,
    };
    await save(answer);
    for (const { name } of [similarity, identity]) drafts.remove(name);
    return answer;
  });
}
