import { persist } from "./connection";
import { loadScript } from "./page";
import type { Host, Trial } from "./types";

/** What the page uses of jatos.js, which a JATOS server (3.9.7 or newer) puts beside every page that it serves. */
interface Jatos {
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

/** JATOS, or null where the page is not served by it. */
export async function jatosHost(): Promise<Host | null> {
  if (!location.pathname.includes(PATH)) return null;
  await loadScript("jatos.js");
  const jatos = window.jatos!;
  await new Promise<void>((resolve) => jatos.onLoad(resolve));
  return {
    owner: jatos.studyResultId,
    async begin() {},
    async save({ trials }) {
      await submit(jatos, trials);
    },
    async finish({ trials }) {
      await submit(jatos, trials);
      await jatos.endStudyWithoutRedirect(true);
      return true;
    },
  };
}

/** Each time all trials: what is submitted takes the place of what was. */
function submit(jatos: Jatos, trials: Trial[]): Promise<unknown> {
  return persist(() =>
    jatos.submitResultData(JSON.stringify(trials)).then(undefined, (reason: unknown) => {
      throw new Error(String(reason));
    }),
  );
}
