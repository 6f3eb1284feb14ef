/** What the page uses of jatos.js, which a JATOS server (3.9.7 or newer) puts beside every page that it serves. */
export interface Jatos {
  studyResultId: string;
  onLoad(callback: () => void): void;
  submitResultData(data: string): PromiseLike<unknown>;
  endStudyWithoutRedirect(successful: boolean): PromiseLike<unknown>;
}

declare global {
  interface Window {
    jatos?: Jatos;
  }
}

/** JATOS serves every study below this path; elsewhere there is no jatos.js to ask for. */
const PATH = "/publix/";

/** jatos.js, ready to use, or null where the page is not served by JATOS. */
export async function loadJatos(): Promise<Jatos | null> {
  if (!location.pathname.includes(PATH)) return null;
  const script = document.createElement("script");
  script.src = "jatos.js";
  await new Promise((resolve, reject) => {
    script.onload = resolve;
    script.onerror = () => reject(new Error("jatos.js cannot be loaded"));
    document.head.append(script);
  });
  const jatos = window.jatos!;
  await new Promise<void>((resolve) => jatos.onLoad(resolve));
  return jatos;
}
