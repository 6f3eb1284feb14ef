import { Refused, postJSON } from "./connection";
import { memory } from "./memory";
import type { Answer, Backend, Ending, Session } from "./types";

const PROLIFIC = ["PROLIFIC_PID", "STUDY_ID", "SESSION_ID", "prolific_token"] as const;

interface Unsent {
  path: string;
  body: object;
}

/** Answers go to the server one by one; the browser keeps the token and the one answer that is on its way. */
export function serverBackend(study: string): Backend {
  const kept = memory(study);
  const address = new URLSearchParams(location.search);
  let token = kept.get<string>("token");
  let not_me = false;

  async function enter(): Promise<Session> {
    const [prolific_pid, study_id, session_id, link] = PROLIFIC.map((name) => address.get(name));
    const body = { prolific_pid, study_id, session_id, link, token, not_me };
    const entered = await postJSON<{ token: string; session: Session }>("api/enter", body, null);
    token = entered.token;
    kept.set("token", token);
    hideProlific();
    return entered.session;
  }

  async function deliver({ path, body }: Unsent): Promise<void> {
    try {
      await postJSON(path, body, token);
    } catch (error) {
      if (!answeredBefore(error)) throw error;
    } finally {
      kept.remove("unsent");
    }
  }

  return {
    enter,
    disown: () => {
      not_me = true;
    },
    async resume() {
      const unsent = kept.get<Unsent>("unsent");
      if (token !== null && unsent !== null) await deliver(unsent).catch(ignoreRefused);
      return token === null ? null : enter().catch(finishedBefore);
    },
    async save(answer) {
      const unsent = message(answer);
      kept.set("unsent", unsent);
      await deliver(unsent);
    },
    async finish() {
      return postJSON<Ending>("api/finish", {}, token);
    },
  };
}

function message(answer: Answer): Unsent {
  const { task, ...body } = answer;
  if (answer.task !== "rating") return { path: `api/${task}`, body };
  const { task: _, rt, rated_at, ...rating } = answer; // the server has a clock of its own
  return { path: "api/ratings", body: { ...rating, response_time_ms: rt } };
}

/** The item was answered in another window; the first answer counts. */
function answeredBefore(error: unknown): boolean {
  return error instanceof Refused && error.reason === "answered";
}

function finishedBefore(error: unknown): "finished" {
  if (error instanceof Refused && error.reason === "finished") return "finished";
  throw error;
}

function ignoreRefused(error: unknown): void {
  if (!(error instanceof Refused)) throw error;
}

/** The ids have done their work; they stay neither in the address bar nor in what a participant copies from it. */
function hideProlific(): void {
  const address = new URL(location.href);
  for (const name of PROLIFIC) address.searchParams.delete(name);
  history.replaceState(null, "", address);
}
