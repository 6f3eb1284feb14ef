import * as jspsych from "jspsych";

import { element, loadScript, plugin } from "./page";
import type { Host, Participation, Trial } from "./types";

/** Pavlovia runs every experiment here. */
const HOST = "run.pavlovia.org";
/** Pavlovia's plugin for jsPsych 7 and newer; it looks for Pavlovia's own config.json beside the page. */
const PLUGIN = "lib/jspsych-7-pavlovia-2022.1.1.js";

declare global {
  interface Window {
    /** What the plugin is made with. */
    jsPsychModule?: typeof jspsych;
    jsPsychPavlovia?: unknown;
  }
}

interface Session {
  write(trial: Trial): void;
  close(): Promise<void>;
}

/** Pavlovia, or null elsewhere. */
export function pavloviaHost(): Host | null {
  if (location.hostname !== HOST) return null;
  let session: Promise<Session> | null = null;
  const opened = (state: Participation) => (session ??= openSession(state));
  return {
    // each pilot run is of somebody new
    owner: new URLSearchParams(location.search).get("__pilotToken") ?? "",
    async begin(state) {
      await opened(state);
    },
    async save(state) {
      (await opened(state)).write(state.trials.at(-1)!);
    },
    async finish(state) {
      try {
        await (await opened(state)).close();
        return true;
      } catch (error) {
        console.error(error);
        return false;
      }
    },
  };
}

/**
 * The plugin's two trials, `init` and `finish`, and one between them that lasts as long as the task. The plugin saves the
 * CSV of all that its jsPsych has: at `finish`, and where the experiment is set so, when the page is left before.
 */
async function openSession({ participant_id, trials }: Participation): Promise<Session> {
  window.jsPsychModule = jspsych;
  await loadScript(PLUGIN);
  const display_element = element("div", { hidden: true });
  document.body.append(display_element);
  const jsPsych = jspsych.initJsPsych({ display_element });
  const write = (trial: Trial) => void jsPsych.data.get().push(trial);
  trials.forEach(write);
  const errorCallback = (error: unknown) => {
    throw new Error(reasons(error));
  };
  const common = { type: window.jsPsychPavlovia, participantId: participant_id, errorCallback, record_data: false };
  const closed = letGo();

  return new Promise((open, fail) => {
    const info = { name: "lands-between-session", version: "1", parameters: {}, data: {} };
    const type = plugin(info, () => new Promise((answered) => open({ write, close: () => close(answered) })));
    const close = (answered: (data: object) => void) => {
      answered({});
      return ended.then(closed);
    };
    const timeline = [{ ...common, command: "init" }, { type, record_data: false }, { ...common, command: "finish" }];
    const ended = jsPsych.run(timeline as Parameters<typeof jsPsych.run>[0]);
    ended.catch(fail);
  });
}

/** After the call of what this returns, the plugin's warning that answers get lost is not shown any more. */
function letGo(): () => void {
  let saved = false;
  window.addEventListener("beforeunload", (event) => {
    if (saved) event.stopImmediatePropagation();
  });
  return () => {
    saved = true;
  };
}

/** An error of the plugin says in `context` what failed and in `error` why, nested; one of the server only why. */
function reasons(error: unknown): string {
  const { context, error: cause } = Object(error) as { context?: string; error?: unknown };
  if (cause === undefined) return String(error);
  return context === undefined ? reasons(cause) : `${context}: ${reasons(cause)}`;
}
