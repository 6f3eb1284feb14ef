import type { JsPsych, PluginInfo, TrialType } from "jspsych";

type Child = Node | string;
type Tags = HTMLElementTagNameMap;

/** Fills in `{placeholders}`. */
export type Text = (key: string, values?: Record<string, string | number>) => string;

export function textsOf(texts: Record<string, string>): Text {
  return (key, values = {}) => {
    const template = texts[key];
    if (template === undefined) throw new Error(`no text: ${key}`);
    return template.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
  };
}

/** An element with properties (not attributes: none of them is ever read as HTML). */
export function element<T extends keyof Tags>(tag: T, properties: Partial<Tags[T]> = {}, ...children: Child[]): Tags[T] {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

/** Replaces what is shown; the focus goes to the heading, so that keyboard and screen reader start there. */
export function show(display: HTMLElement, heading: string, ...children: Child[]): void {
  const title = element("h1", { tabIndex: -1 }, heading);
  display.replaceChildren(title, ...children);
  window.scrollTo(0, 0);
  title.focus({ preventScroll: true });
}

export async function loadScript(src: string): Promise<void> {
  const script = element("script", { src });
  await new Promise((resolve, reject) => {
    script.onload = resolve;
    script.onerror = () => reject(new Error(`${src} cannot be loaded`));
    document.head.append(script);
  });
}

export function announce(said: string): void {
  document.getElementById("announcer")!.textContent = said;
}

/** Resolves when a valid form is submitted, once; from then on its buttons are disabled. */
export function submitted(form: HTMLFormElement): Promise<void> {
  return new Promise((resolve) => {
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      for (const button of form.querySelectorAll("button")) button.disabled = true;
      resolve();
    });
  });
}

/** Radio buttons, one of which must be chosen where it is required; options are value and label. */
export function choice(
  name: string,
  question: string,
  options: [string, string][],
  required = true,
): HTMLFieldSetElement {
  const labels = options.map(([value, label]) =>
    element("label", { className: "option" }, element("input", { type: "radio", name, value, required }), label),
  );
  return element(
    "fieldset",
    {},
    element("legend", {}, question),
    element("div", { className: "options" }, ...labels),
  );
}

export function labeled(label: string, control: HTMLElement): HTMLLabelElement {
  return element("label", { className: "field" }, label, control);
}

/** A jsPsych plugin whose trial is over, with its data, when `present` is. */
export function plugin<I extends PluginInfo>(
  info: I,
  present: (display: HTMLElement, trial: TrialType<I>) => Promise<object>,
) {
  return class {
    static info = info;

    constructor(_jsPsych: JsPsych) {}

    trial(display: HTMLElement, trial: TrialType<I>, onLoad?: () => void): Promise<object> {
      const data = present(display, trial);
      onLoad?.();
      return data;
    }
  };
}
