import { laidOut } from "../layouts";
import { type Text, element, plugin, show, submitted } from "../page";
import type { Check, Config, Item, Practice, Question } from "../types";
import { asking, withLocal } from "./asking";

/** One item whose answers are not kept; after Next it says what they should have been, until they are. */
export function practicePlugin(
  text: Text,
  { tasks }: Pick<Config, "tasks">,
  { item: stored, checks }: Practice,
  images: Map<string, string>,
  participant: string,
) {
  const info = { name: "lands-between-practice", version: "1", parameters: {}, data: {} };
  return plugin(info, async (display) => {
    const item = withLocal(stored, images);
    const task = tasks[item.task]!;
    const { form, next, answers } = asking(text, task, item, participant);
    const feedback = element("div", { role: "status", className: "feedback" });
    form.prepend(feedback);
    const pictures = await laidOut(text, task.form, item);
    show(display, text("practice_heading"), element("p", {}, text("practice_text")), pictures, form);
    for (;;) {
      await submitted(form);
      next.disabled = false;
      const given = answers();
      const wrong = checks.filter((check) => !isRight(given[check.question]!, check));
      if (wrong.length === 0) break;
      feedback.replaceChildren(...wrong.map((check) => element("p", {}, hint(text, check, task.questions, item))));
      feedback.scrollIntoView({ block: "nearest" });
    }
    feedback.replaceChildren(element("p", {}, text("practice_right")));
    next.textContent = text("practice_begin");
    next.focus();
    await submitted(form);
    return { task: "practice" };
  });
}

function isRight(given: string | number | boolean, { least, most, answer }: Check): boolean {
  if (answer !== null) return given === answer;
  return (least === null || Number(given) >= least) && (most === null || Number(given) <= most);
}

/** What is right of a question, as the page asks it. */
function hint(text: Text, { question, least, most, answer }: Check, questions: Question[], item: Item): string {
  const asked = questions.find(({ name }) => name === question)!;
  const words = asked.text.replace(/\{(\w+)\}/g, (whole, name: string) => item.words[name] ?? whole);
  const bounds = [
    ...(least === null ? [] : [text("practice_least", { value: least })]),
    ...(most === null ? [] : [text("practice_most", { value: most })]),
  ];
  const options = asked.type === "choice" ? asked.options : [];
  const named = typeof answer === "boolean" ? text(answer ? "rating_yes" : "rating_no") : answer;
  const right = answer === null ? bounds.join(" ") : (options.find(({ value }) => value === answer)?.text ?? named!);
  return text("practice_wrong", { question: words, answer: right });
}
