import { countries } from "../countries";
import { type Text, choice, element, labeled, plugin, show, submitted } from "../page";
import type { Answer, Demographics } from "../types";

const WITHHELD = "withheld";
const [YOUNGEST, OLDEST] = ["1", "120"];

/** Values as the table `participants` has them, with the key of their text. */
const GENDERS: [string, string][] = [
  ["female", "gender_female"],
  ["male", "gender_male"],
  ["non-binary", "gender_non_binary"],
  ["other", "gender_other"],
];
const CONTINENTS: [string, string][] = [
  ["Africa", "continent_africa"],
  ["Antarctica", "continent_antarctica"],
  ["Asia", "continent_asia"],
  ["Europe", "continent_europe"],
  ["North America", "continent_north_america"],
  ["Oceania", "continent_oceania"],
  ["South America", "continent_south_america"],
];

/** Age, gender, and country or, where that is withheld, continent; each can be withheld, or left as it is. */
export function demographicsPlugin(text: Text, language: string, save: (answer: Answer) => Promise<void>) {
  const info = { name: "lands-between-demographics", version: "1", parameters: {}, data: {} };
  return plugin(info, async (display) => {
    const named = (options: [string, string][]) => options.map(([value, key]): [string, string] => [value, text(key)]);
    const country = select(text, "country", countries(language));
    const continent = select(text, "continent", named(CONTINENTS));
    const continentField = labeled(text("demographics_continent"), continent);
    const withhold = () => {
      continentField.hidden = continent.disabled = country.value !== WITHHELD;
    };
    country.addEventListener("change", withhold);
    withhold();
    const form = element(
      "form",
      {},
      ageField(text),
      choice("gender", text("demographics_gender"), [...named(GENDERS), [WITHHELD, text("prefer_not_to_say")]], false),
      labeled(text("demographics_country"), country),
      continentField,
      element("div", { className: "actions" }, element("button", {}, text("next"))),
    );
    show(display, text("demographics_heading"), element("p", {}, text("demographics_intro")), form);
    await submitted(form);
    const answer = read(new FormData(form));
    await save(answer);
    return answer;
  });
}

function ageField(text: Text): HTMLFieldSetElement {
  const age = element("input", { type: "number", name: "age", min: YOUNGEST, max: OLDEST, step: "1" });
  age.inputMode = "numeric";
  age.ariaLabel = text("demographics_age");
  const withheld = element("input", { type: "checkbox", name: "age", value: WITHHELD });
  withheld.addEventListener("change", () => {
    age.disabled = withheld.checked;
  });
  return element(
    "fieldset",
    {},
    element("legend", {}, text("demographics_age")),
    element(
      "div",
      { className: "options" },
      age,
      element("label", { className: "option" }, withheld, text("prefer_not_to_say")),
    ),
  );
}

function select(text: Text, name: string, options: [string, string][]): HTMLSelectElement {
  const offered = [["", text("demographics_choose")], [WITHHELD, text("prefer_not_to_say")], ...options];
  const entries = offered.map(([value, label]) => element("option", { value: value! }, label!));
  return element("select", { name }, ...entries);
}

function read(form: FormData): Demographics {
  const said = (name: string) => {
    const value = form.get(name);
    return typeof value === "string" && value !== WITHHELD && value !== "" ? value : null;
  };
  const age = said("age");
  return {
    task: "demographics",
    age: age === null ? null : Number(age),
    gender: said("gender"),
    country: said("country"),
    continent: said("continent"),
  };
}
