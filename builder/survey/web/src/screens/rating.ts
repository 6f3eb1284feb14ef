import { ParameterType, type TrialType } from "jspsych";

import { type Text, announce, choice, element, plugin, show, submitted } from "../page";
import type { Answer, Rating, Survey } from "../types";

const info = {
  name: "lands-between-rating",
  version: "1",
  parameters: {
    pair_id: { type: ParameterType.STRING, default: undefined },
    /** Addresses of the two images, base left and sample right. */
    base: { type: ParameterType.STRING, default: undefined },
    sample: { type: ParameterType.STRING, default: undefined },
    /** Place in the participant's order, from 0, of `total`. */
    position: { type: ParameterType.INT, default: undefined },
    total: { type: ParameterType.INT, default: undefined },
  },
  data: {},
} as const;

/** One pair: how similar, and whether the same; Next when both are answered, and on when the answer is stored. */
export function ratingPlugin(text: Text, survey: Survey, save: (answer: Answer) => Promise<void>) {
  return plugin(info, async (display, trial) => {
    const next = element("button", { disabled: true }, text("next"));
    const scale = similarityScale(text, survey.question_similarity ?? text("rating_similarity"));
    const identity = choice("identity", survey.question_identity ?? text("rating_identity"), [
      ["yes", text("rating_yes")],
      ["no", text("rating_no")],
    ]);
    const form = element("form", { className: "rating" }, scale.field, identity);
    form.append(element("div", { className: "actions" }, next, element("p", {}, text("rating_hint"))));
    const update = () => {
      next.disabled = !scale.moved() || new FormData(form).get("identity") === null;
    };
    for (const event of ["input", "pointerup"]) form.addEventListener(event, update);

    const images = await bothImages(text, trial);
    const heading = text("rating_heading", { n: trial.position + 1, total: trial.total });
    show(display, heading, progressBar(heading, trial), images, form);
    announce(heading);
    const shown = performance.now();
    await submitted(form);
    const answer: Rating = {
      task: "rating",
      pair_id: trial.pair_id,
      similarity: scale.value(),
      identity: new FormData(form).get("identity") === "yes",
      rt: Math.round(performance.now() - shown),
      position: trial.position,
      rated_at: new Date().toISOString(),
    };
    await save(answer);
    return answer;
  });
}

/** Both images are decoded before either is shown. */
async function bothImages(text: Text, { base, sample }: TrialType<typeof info>): Promise<HTMLElement> {
  const left = element("img", { src: base, alt: text("rating_left"), draggable: false });
  const right = element("img", { src: sample, alt: text("rating_right"), draggable: false });
  await Promise.all([left.decode(), right.decode()]);
  return element("div", { className: "pair" }, left, right);
}

function progressBar(heading: string, { position, total }: TrialType<typeof info>): HTMLProgressElement {
  return element("progress", { max: total, value: position, ariaLabel: heading });
}

/** A slider without a thumb until it is moved or clicked, so that no answer is suggested. */
function similarityScale(text: Text, question: string) {
  const slider = element("input", { type: "range", min: "0", max: "100", step: "1", id: "similarity" });
  slider.className = "unset";
  slider.ariaValueText = text("rating_unset");
  slider.setAttribute("aria-describedby", "lowest highest");
  const value = element("span", { className: "value", ariaHidden: "true" }, "–");
  const moved = () => {
    slider.className = "";
    slider.ariaValueText = null;
    value.textContent = slider.value;
  };
  slider.addEventListener("input", moved);
  // A click or tap where the hidden thumb is gives no input event. A finger that scrolls the page is canceled.
  let pressed = false;
  slider.addEventListener("pointerdown", () => (pressed = true));
  slider.addEventListener("pointercancel", () => (pressed = false));
  slider.addEventListener("pointerup", () => pressed && moved());
  const field = element(
    "div",
    { className: "scale" },
    element("label", { htmlFor: "similarity" }, question),
    slider,
    element("span", { id: "lowest" }, text("rating_lowest")),
    value,
    element("span", { id: "highest" }, text("rating_highest")),
  );
  return { field, value: () => Number(slider.value), moved: () => slider.className === "" };
}
