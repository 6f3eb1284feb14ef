import pRetry from "p-retry";

const TIMEOUT_MS = 20_000;
const PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 5_000;

/** An answer of the server that trying again does not change. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    readonly reason: string,
    path: string,
  ) {
    super(`${path}: ${status} ${reason}`);
  }
}

export async function getJSON<T>(path: string): Promise<T> {
  return request(path, {}, (response) => response.json());
}

export async function getBlob(path: string): Promise<Blob> {
  return request(path, {}, (response) => response.blob());
}

export async function postJSON<T>(path: string, body: unknown, token: string | null): Promise<T> {
  const headers: Record<string, string> = { "Content-Type": "application/json" };
  if (token !== null) headers.Authorization = `Bearer ${token}`;
  return request(path, { method: "POST", headers, body: JSON.stringify(body) }, (response) => response.json());
}

/** Tries until the whole response is there; meanwhile the page says that the connection is lost. */
function request<T>(path: string, init: RequestInit, read: (response: Response) => Promise<T>): Promise<T> {
  const once = async () => {
    const response = await fetch(new URL(path, document.baseURI), { ...init, signal: AbortSignal.timeout(TIMEOUT_MS) });
    const passing = response.status >= 500 || response.status === 408 || response.status === 429;
    if (passing) throw new Error(`${path}: ${response.status}`);
    if (!response.ok) throw new Refused(response.status, await reason(response), path);
    const content = await read(response);
    showLost(false);
    return content;
  };
  return pRetry(once, {
    retries: Infinity,
    minTimeout: PAUSE_MS,
    maxTimeout: LONGEST_PAUSE_MS,
    randomize: true,
    shouldRetry: ({ error }) => !(error instanceof Refused),
    onFailedAttempt: ({ error }) => showLost(!(error instanceof Refused)),
  });
}

async function reason(response: Response): Promise<string> {
  const body: { error?: string } | null = await response.json().catch(() => null);
  return body?.error ?? "";
}

function showLost(lost: boolean): void {
  document.getElementById("connection")!.hidden = !lost;
}
