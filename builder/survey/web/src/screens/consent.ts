import { type Text, element, plugin, show, submitted } from "../page";
import type { Config, Survey } from "../types";

/** Information and consent. `agreed` stores the consent; `declined` is called where there is none, and nothing is stored. */
export function consentPlugin(
  text: Text,
  { survey, tasks, free_texts }: Config,
  agreed: () => Promise<void>,
  declined: () => void,
) {
  const info = { name: "lands-between-consent", version: "1", parameters: {}, data: {} };
  return plugin(info, async (display) => {
    const tick = element("input", { type: "checkbox", required: true });
    const decline = element("button", { type: "button", className: "quiet" }, text("consent_decline"));
    const form = element(
      "form",
      {},
      element("label", { className: "option" }, tick, text("consent_agreement")),
      element("div", { className: "actions" }, element("button", {}, text("consent_agree")), decline),
    );
    show(
      display,
      text("consent_heading"),
      element("p", {}, text("consent_task")),
      questions(tasks),
      ...(free_texts.length > 0 ? [element("p", {}, text("consent_end"))] : []),
      facts(text, survey),
      ...paragraphs(survey.consent ?? ""),
      element("p", {}, text("consent_stored")),
      form,
    );
    decline.addEventListener("click", declined);
    await submitted(form);
    await agreed();
    return { task: "consent", consent_version: survey.consent_version };
  });
}

/** What is asked of the items; what only an item tells is left open. */
function questions(tasks: Config["tasks"]): HTMLUListElement {
  const asked = Object.values(tasks).flatMap((task) => task.questions.map((question) => question.text));
  const open = [...new Set(asked)].map((question) => question.replace(/\{\w+\}/g, "…"));
  return element("ul", {}, ...open.map((question) => element("li", {}, question)));
}

function facts(text: Text, survey: Survey): HTMLDListElement {
  const minutes = survey.expected_minutes;
  const known: [string, string | null][] = [
    ["consent_purpose", survey.purpose],
    ["consent_institution", survey.institution],
    ["consent_contact", survey.contact],
    ["consent_ethics_approval", survey.ethics_approval],
    ["consent_expected_minutes", minutes === null ? null : text("consent_minutes", { minutes })],
    ["consent_pay", survey.pay],
  ];
  const entries = known.flatMap(([key, value]) =>
    value === null ? [] : [element("dt", {}, text(key)), element("dd", {}, value)],
  );
  return element("dl", {}, ...entries);
}

function paragraphs(plain: string): HTMLParagraphElement[] {
  return plain.split(/\n\s*\n/).map((paragraph) => element("p", { className: "consent" }, paragraph.trim()));
}
