/** The order of the task. */

import { initJsPsych } from "jspsych";

import { Refused, getJSON } from "./connection";
import { memory } from "./memory";
import { type Text, show, textsOf } from "./page";
import { consentPlugin } from "./screens/consent";
import { demographicsPlugin } from "./screens/demographics";
import { offerToDisown, showDone, showMessage } from "./screens/ending";
import { loadingPlugin } from "./screens/loading";
import { practicePlugin } from "./screens/practice";
import { ratingPlugin } from "./screens/rating";
import { strategiesPlugin } from "./screens/strategies";
import { serverBackend } from "./server";
import { standaloneBackend } from "./standalone";
import type { Backend, Config, Session } from "./types";

/** Why somebody cannot take part; each has its texts. */
const TURNED_AWAY = ["full", "occupied", "finished", "taken", "forgotten", "link"];

/** In which nobody is needed, or not now; the platform's way back is shown. */
const FULL = ["full", "occupied"];

/** In which somebody else may have used the participant's ids. */
const MISTAKEN = ["finished", "taken"];

/** Consent is refused where the batch has just filled, or the same person consented elsewhere: entering again tells. */
const ENTER_AGAIN = ["full", "occupied", "taken", "token"];
const MOST_ENTERING = 5;

const display = document.getElementById("task")!;

async function main(): Promise<void> {
  const config = await getJSON<Config>("task.json");
  const text = textsOf(config.texts);
  document.documentElement.lang = config.language;
  document.title = text("title");
  document.getElementById("connection")!.textContent = text("connection_lost");
  await begin(config, text);
}

async function begin(config: Config, text: Text): Promise<void> {
  let backend: Backend | undefined;
  const attempt = async () => {
    try {
      backend ??=
        config.mode === "server"
          ? serverBackend(config.study)
          : await standaloneBackend(config, initJsPsych().randomization);
      await takePart(config, text, backend);
    } catch (error) {
      showFailure(error, config, text, disown);
    }
  };
  const disown = () => {
    backend?.disown?.();
    void attempt();
  };
  await attempt();
}

async function takePart(config: Config, text: Text, backend: Backend): Promise<void> {
  const left = await backend.resume();
  if (left !== "finished") {
    const session = left?.consented ? left : await askConsent(config, text, backend, left);
    if (session === null) return showMessage(display, text, "declined", {}, config.survey.return_url);
    const trials = remaining(session, config, text, backend);
    if (trials.length > 0) await run(trials);
  }
  show(display, text("saving"));
  showDone(display, text, config.survey.contact ?? "", await backend.finish());
}

/** The session, in which the consent is stored, or null where there is none. */
function askConsent(config: Config, text: Text, backend: Backend, left: Session | null): Promise<Session | null> {
  let session = left;
  const agreed = async () => {
    const { consent_version } = config.survey;
    for (let left = MOST_ENTERING; ; left--) {
      session ??= await backend.enter();
      if (session.consented) return;
      try {
        return await backend.save({ task: "consent", consent_version });
      } catch (error) {
        if (left === 0 || !(error instanceof Refused) || !ENTER_AGAIN.includes(error.reason)) throw error;
        session = null;
      }
    }
  };
  return new Promise((resolve, reject) => {
    const type = consentPlugin(text, config, agreed, () => resolve(null));
    run([{ type }]).then(() => resolve(session), reject);
  });
}

/** The trials that this participant has not answered yet. */
function remaining(session: Session, config: Config, text: Text, backend: Backend): object[] {
  const { language, study, free_texts } = config;
  const total = session.items.length;
  const answered = new Set(session.answered);
  const images = new Map<string, string>();
  const type = ratingPlugin(text, config, images, session.participant_id, backend.save);
  const ratings = session.items
    .map((item, position) => ({ type, item, position, total }))
    .filter(({ item }) => !answered.has(item.id));
  const open = ratings.map(({ item }) => item);
  const practice = answered.size === 0 ? session.practice : null;
  const shown = practice === null ? open : [practice.item, ...open];
  const trying = practice && practicePlugin(text, config, practice, images, session.participant_id);
  const drafts = memory(`${study}:draft`);
  return [
    ...(session.demographics ? [] : [{ type: demographicsPlugin(text, language, backend.save) }]),
    ...(open.length > 0 ? [{ type: loadingPlugin(text, shown, images) }] : []),
    ...(trying === null ? [] : [{ type: trying }]),
    ...ratings,
    ...(session.strategies ? [] : [{ type: strategiesPlugin(text, free_texts, drafts, backend.save) }]),
  ];
}

async function run(timeline: object[]): Promise<void> {
  display.replaceChildren();
  const on_trial_start = () => {
    display.tabIndex = -1; // jsPsych makes it a stop of Tab, which it need not be without its own key listeners
  };
  const jsPsych = initJsPsych({ display_element: display, on_trial_start });
  await jsPsych.run(timeline as Parameters<typeof jsPsych.run>[0]);
}

function showFailure(error: unknown, config: Config, text: Text, disown: () => void): void {
  const values = { contact: config.survey.contact ?? "" };
  if (error instanceof Refused && TURNED_AWAY.includes(error.reason)) {
    showMessage(display, text, error.reason, values, FULL.includes(error.reason) ? config.survey.return_url : null);
    if (MISTAKEN.includes(error.reason)) offerToDisown(display, text, disown);
    return;
  }
  console.error(error);
  showMessage(display, text, "failure", values);
}

void main();
