/** What task.json, the server and the results hold; names as they are sent. */

export interface Item {
  id: string;
  /** Of which of the study's tasks it is. */
  task: string;
  /** Addresses of the images, in the order of the task's layout. */
  pictures: string[];
  /** What fills the placeholders of its questions. */
  words: Record<string, string>;
  /** Of questions whose options are the item's own, by question. */
  options: Record<string, string[]>;
  /** Where the first of two images stands; on the left where nothing is said, and then nothing is recorded. */
  side?: Side;
}

export type Side = "left" | "right";

/** What is right of an answer: bounds, both inclusive, or the one answer. */
export interface Check {
  question: string;
  least: number | null;
  most: number | null;
  answer: string | boolean | null;
}

/** An item to try on before those that count; its answers are not kept. */
export interface Practice {
  item: Item;
  checks: Check[];
}

export interface Option {
  value: string;
  text: string;
}

interface Asked {
  name: string;
  text: string;
}

export interface Scale extends Asked {
  type: "scale";
  low: number;
  high: number;
  step: number;
  /** What the ends mean. */
  lowest: string;
  highest: string;
}

export interface YesNo extends Asked {
  type: "yes_no";
}

export interface Choice extends Asked {
  type: "choice";
  options: Option[];
  /** Values of those options that each participant sees in an order of their own. */
  shuffled: string[];
}

export type Question = Scale | YesNo | Choice;

/** How the items of a task are shown, and what is asked of each. */
export interface Task {
  form: "single" | "side_by_side" | "panels";
  questions: Question[];
}

/** `[survey]` of the study file; what is not known is null. */
export interface Survey {
  purpose: string | null;
  institution: string | null;
  contact: string | null;
  ethics_approval: string | null;
  expected_minutes: number | null;
  pay: string | null;
  consent: string | null;
  consent_version: string;
  return_url: string | null;
}

interface Common {
  study: string;
  /** What results call an item's id. */
  key: string;
  tasks: Record<string, Task>;
  /** What is asked for at the end, in a participant's own words. */
  free_texts: Asked[];
  texts: Record<string, string>;
  language: string;
  survey: Survey;
}

export interface ServedConfig extends Common {
  mode: "server";
}

export interface StaticConfig extends Common, Omit<Ending, "participant_id"> {
  mode: "static";
  batches: Item[][];
  /** By batch; none where nobody practices. */
  practice: Practice[];
}

export type Config = ServedConfig | StaticConfig;

/** Where a participant is; `items` in their order. */
export interface Session {
  participant_id: string;
  batch: number;
  items: Item[];
  practice: Practice | null;
  answered: string[];
  consented: boolean;
  demographics: boolean;
  strategies: boolean;
  finished: boolean;
}

export interface Ending {
  completion_code: string | null;
  completion_url: string | null;
  participant_id: string;
}

export interface Consent {
  task: "consent";
  consent_version: string;
}

/** Null is what a participant prefers not to say. */
export interface Demographics {
  task: "demographics";
  age: number | null;
  gender: string | null;
  country: string | null;
  continent: string | null;
}

/** Answers by question; beside them the item's id, under the study's key. */
export interface Rating {
  task: "rating";
  /** Milliseconds from when all images were shown. */
  rt: number;
  position: number;
  /** ISO 8601, UTC. */
  rated_at: string;
  [answer: string]: string | number | boolean;
}

/** Free texts by their names. */
export interface Strategies {
  task: "strategies";
  [text: string]: string | number;
}

export type Answer = Consent | Demographics | Rating | Strategies;

/** A trial as jsPsych's own data would have it; `time_elapsed` in milliseconds since the participant began. */
export type Trial = Answer & {
  participant_id: string;
  batch: number;
  trial_type: string;
  trial_index: number;
  time_elapsed: number;
};

/** What a browser keeps where no server of ours does. */
export interface Participation {
  participant_id: string;
  batch: number;
  /** Ids of items. */
  order: string[];
  /** Whether each item stands on the other side than the configuration says. */
  mirrored?: boolean;
  started_at: number;
  trials: Trial[];
  /** By the host, all of it, for good. */
  saved: boolean;
}

/** What serves the page in place of our server, and keeps answers. */
export interface Host {
  /** Tells apart the participations of one browser. */
  owner: string;
  begin(state: Participation): Promise<void>;
  /** The last of the trials is new. */
  save(state: Participation): Promise<void>;
  /** Whether all is saved; else the participant has to send it. */
  finish(state: Participation): Promise<boolean>;
}

/** Where answers go. What is returned has been stored; a lost connection is waited out. */
export interface Backend {
  /** What this browser left: a session, the end of one, or nothing. */
  resume(): Promise<Session | "finished" | null>;
  /** Begins a session. Called after the participant has agreed, never before. */
  enter(): Promise<Session>;
  save(answer: Answer): Promise<void>;
  finish(): Promise<Ending & { download?: Blob }>;
  /** Says that whoever took part with the same ids before was somebody else; then one may enter all the same. */
  disown?(): void;
}
