import type { JsPsych } from "jspsych";

import { jatosHost } from "./jatos";
import { memory } from "./memory";
import { pavloviaHost } from "./pavlovia";
import type { Answer, Backend, Host, Item, Participation, Session, StaticConfig, Trial } from "./types";

/** A web server keeps nothing. */
const WEB_SERVER: Host = { owner: "", async begin() {}, async save() {}, finish: async () => false };

/** Answers stay in the browser, and go to JATOS or Pavlovia or, at the end, to a file that the participant saves. */
export async function standaloneBackend(config: StaticConfig, random: JsPsych["randomization"]): Promise<Backend> {
  const host = (await jatosHost()) ?? pavloviaHost() ?? WEB_SERVER;
  const kept = memory(host.owner ? `${config.study}:${host.owner}` : config.study);
  let state = usable(kept.get<Participation>("participation"), config);

  return {
    async resume() {
      if (state && isFinished(state, config)) return "finished";
      if (state) await host.begin(state);
      return state && session(state, config);
    },
    async enter() {
      const batch = chosenBatch(config.batches.length);
      const order = random.shuffle(config.batches[batch]!.map((item) => item.id));
      const participant_id = random.randomID(20);
      const mirrored = Math.random() < 0.5;
      state = { participant_id, batch, order, mirrored, started_at: Date.now(), trials: [], saved: false };
      await host.begin(state);
      return session(state, config);
    },
    async save(answer) {
      const { participant_id, batch, started_at, trials } = state!;
      const trial_type = `lands-between-${answer.task}`;
      const time_elapsed = Date.now() - started_at;
      trials.push({ ...answer, participant_id, batch, trial_type, trial_index: trials.length, time_elapsed });
      kept.set("participation", state);
      await host.save(state!);
    },
    async finish() {
      const { completion_code, completion_url } = config;
      state!.saved ||= await host.finish(state!);
      kept.set("participation", state);
      const { participant_id, saved, trials } = state!;
      return { completion_code, completion_url, participant_id, ...(saved ? {} : { download: file(trials) }) };
    },
  };
}

/** Null where the study behind this address has other items than those that this browser began with. */
function usable(state: Participation | null, config: StaticConfig): Participation | null {
  if (state === null) return null;
  const ids = new Set(config.batches[state.batch]?.map((item) => item.id));
  return ids.size === state.order.length && state.order.every((id) => ids.has(id)) ? state : null;
}

function session(state: Participation, config: StaticConfig): Session {
  const { participant_id, batch, order, mirrored, trials } = state;
  const items = new Map(config.batches[batch]!.map((item) => [item.id, item]));
  const done = (task: Answer["task"]) => trials.some((trial) => trial.task === task);
  return {
    participant_id,
    batch,
    items: order.map((id) => turned(items.get(id)!, mirrored)),
    practice: config.practice[batch] ?? null,
    answered: answered(state, config),
    consented: done("consent"),
    demographics: done("demographics"),
    strategies: config.free_texts.length === 0 || done("strategies"),
    finished: isFinished(state, config),
  };
}

/** The item on the other side, where it is mirrored. */
function turned(item: Item, mirrored = false): Item {
  if (item.side === undefined || !mirrored) return item;
  return { ...item, side: item.side === "left" ? "right" : "left" };
}

function answered({ trials }: Participation, { key }: StaticConfig): string[] {
  return trials.flatMap((trial) => (trial.task === "rating" ? [String(trial[key])] : []));
}

function isFinished(state: Participation, config: StaticConfig): boolean {
  if (config.free_texts.length > 0) return state.trials.at(-1)?.task === "strategies";
  return new Set(answered(state, config)).size === state.order.length;
}

/** The one in the address, `?batch=2`, else a random one. */
function chosenBatch(batches: number): number {
  const asked = new URLSearchParams(location.search).get("batch");
  if (asked === null) return Math.floor(Math.random() * batches);
  if (/^\d+$/.test(asked) && Number(asked) < batches) return Number(asked);
  throw new Error(`?batch=${asked}: this study has the batches 0 to ${batches - 1}`);
}

function file(trials: Trial[]): Blob {
  return new Blob([JSON.stringify(trials)], { type: "application/json" });
}
