import type { JsPsych } from "jspsych";

import { persist } from "./connection";
import { type Jatos, loadJatos } from "./jatos";
import { memory } from "./memory";
import type { Answer, Backend, Session, StaticConfig } from "./types";

/** A trial as jsPsych's own data would have it; `time_elapsed` in milliseconds since the participant began. */
type Trial = Answer & {
  participant_id: string;
  batch: number;
  trial_type: string;
  trial_index: number;
  time_elapsed: number;
};

interface Participation {
  participant_id: string;
  batch: number;
  /** Pair ids. */
  order: string[];
  started_at: number;
  trials: Trial[];
}

/** Answers stay in the browser, and go to JATOS or, at the end, to a file that the participant saves. */
export async function standaloneBackend(config: StaticConfig, random: JsPsych["randomization"]): Promise<Backend> {
  const jatos = await loadJatos();
  const kept = memory(jatos ? `${config.study}:${jatos.studyResultId}` : config.study);
  let state = usable(kept.get<Participation>("participation"), config);

  return {
    async resume() {
      if (state?.trials.at(-1)?.task === "strategies") return "finished";
      return state && session(state, config);
    },
    async enter() {
      const batch = chosenBatch(config.batches.length);
      const order = random.shuffle(config.batches[batch]!.map((pair) => pair.pair_id));
      state = { participant_id: random.randomID(20), batch, order, started_at: Date.now(), trials: [] };
      return session(state, config);
    },
    async save(answer) {
      const { participant_id, batch, started_at, trials } = state!;
      const trial_type = `lands-between-${answer.task}`;
      const time_elapsed = Date.now() - started_at;
      trials.push({ ...answer, participant_id, batch, trial_type, trial_index: trials.length, time_elapsed });
      kept.set("participation", state);
      if (jatos) await submit(jatos, trials);
    },
    async finish() {
      const { completion_code, completion_url } = config;
      if (!jatos) return { completion_code, completion_url, download: file(state!.trials) };
      await submit(jatos, state!.trials);
      await jatos.endStudyWithoutRedirect(true);
      return { completion_code, completion_url };
    },
  };
}

/** Null where the study behind this address has other pairs than those that this browser began with. */
function usable(state: Participation | null, config: StaticConfig): Participation | null {
  if (state === null) return null;
  const ids = new Set(config.batches[state.batch]?.map((pair) => pair.pair_id));
  return ids.size === state.order.length && state.order.every((id) => ids.has(id)) ? state : null;
}

function session({ participant_id, batch, order, trials }: Participation, config: StaticConfig): Session {
  const pairs = new Map(config.batches[batch]!.map((pair) => [pair.pair_id, pair]));
  const done = (task: Answer["task"]) => trials.some((trial) => trial.task === task);
  return {
    participant_id,
    batch,
    pairs: order.map((id) => pairs.get(id)!),
    answered: trials.flatMap((trial) => (trial.task === "rating" ? [trial.pair_id] : [])),
    consented: done("consent"),
    demographics: done("demographics"),
    strategies: done("strategies"),
    finished: done("strategies"),
  };
}

/** The one in the address, `?batch=2`, else a random one. */
function chosenBatch(batches: number): number {
  const asked = new URLSearchParams(location.search).get("batch");
  if (asked === null) return Math.floor(Math.random() * batches);
  if (/^\d+$/.test(asked) && Number(asked) < batches) return Number(asked);
  throw new Error(`?batch=${asked}: this study has the batches 0 to ${batches - 1}`);
}

/** Each time all trials: what is submitted takes the place of what was. */
function submit(jatos: Jatos, trials: Trial[]): Promise<unknown> {
  return persist(() =>
    jatos.submitResultData(JSON.stringify(trials)).then(undefined, (reason: unknown) => {
      throw new Error(String(reason));
    }),
  );
}

function file(trials: Trial[]): Blob {
  return new Blob([JSON.stringify(trials)], { type: "application/json" });
}
