import { type Text, element } from "../page";
import type { Scale } from "../types";
import type { Widget } from ".";

/** A slider without a thumb until it is moved or clicked, so that no answer is suggested; dots say that it can be. */
export function slider(text: Text, { name, low, high, step, lowest, highest }: Scale, asked: string): Widget {
  const input = element("input", { type: "range", min: `${low}`, max: `${high}`, step: `${step}`, id: name });
  input.className = "unset";
  input.ariaValueText = text("rating_unset");
  input.setAttribute("aria-describedby", `${name}-lowest ${name}-highest`);
  const value = element("span", { className: "value", ariaHidden: "true" }, text("rating_slide"));
  const moved = () => {
    input.className = "";
    input.ariaValueText = null;
    value.textContent = input.value;
    value.classList.add("set");
  };
  input.addEventListener("input", moved);
  // A click or tap where the hidden thumb is gives no input event. A finger that scrolls the page is canceled.
  let pressed = false;
  input.addEventListener("pointerdown", () => (pressed = true));
  input.addEventListener("pointercancel", () => (pressed = false));
  input.addEventListener("pointerup", () => pressed && moved());
  const field = element(
    "div",
    { className: "scale" },
    element("label", { htmlFor: name }, asked),
    input,
    element("span", { id: `${name}-lowest` }, lowest),
    value,
    element("span", { id: `${name}-highest`, className: "highest" }, highest),
  );
  return { field, answer: () => (input.className === "" ? Number(input.value) : null) };
}
