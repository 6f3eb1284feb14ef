import codes from "i18n-iso-countries/codes.json";

/** ISO 3166-1 alpha-2 codes with the countries' names in a language, in its alphabetical order. */
export function countries(language: string): [string, string][] {
  const names = new Intl.DisplayNames(language, { type: "region" });
  const named = codes.map(([code]): [string, string] => [code!, names.of(code!) ?? code!]);
  return named.sort(([, a], [, b]) => a.localeCompare(b, language));
}
