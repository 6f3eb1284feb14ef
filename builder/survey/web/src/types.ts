/** What task.json, the server and the results hold; names as they are sent. */

export interface Pair {
  pair_id: string;
  base: string;
  sample: string;
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
  question_similarity: string | null;
  question_identity: string | null;
}

interface Common {
  study: string;
  texts: Record<string, string>;
  language: string;
  survey: Survey;
}

export interface ServedConfig extends Common {
  mode: "server";
}

export interface StaticConfig extends Common, Ending {
  mode: "static";
  batches: Pair[][];
}

export type Config = ServedConfig | StaticConfig;

/** Where a participant is; `pairs` in their order. */
export interface Session {
  participant_id: string;
  batch: number;
  pairs: Pair[];
  answered: string[];
  consented: boolean;
  demographics: boolean;
  strategies: boolean;
  finished: boolean;
}

export interface Ending {
  completion_code: string | null;
  completion_url: string | null;
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

export interface Rating {
  task: "rating";
  pair_id: string;
  /** 0 (not similar) to 100 (very similar). */
  similarity: number;
  identity: boolean;
  /** Milliseconds from when both images were shown. */
  rt: number;
  position: number;
  /** ISO 8601, UTC. */
  rated_at: string;
}

export interface Strategies {
  task: "strategies";
  strategy_similarity: string;
  strategy_identity: string;
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
  /** Pair ids. */
  order: string[];
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
