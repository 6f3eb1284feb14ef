import pRetry from "p-retry";

const TIMEOUT_MS = 20_000;
const IMAGE_TIMEOUT_MS = 180_000; // several large ones share a slow line
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
  return request(path, {}, TIMEOUT_MS, (response) => response.json());
}

/** The address of a local copy of an image that can be shown. */
export async function getImage(path: string): Promise<string> {
  return request(path, {}, IMAGE_TIMEOUT_MS, async (response) => {
    const image = new Image();
    image.src = URL.createObjectURL(await response.blob());
    await image.decode();
    return image.src;
  });
}

export async function postJSON<T>(path: string, body: unknown, token: string | null): Promise<T> {
  const headers: Record<string, string> = { "Content-Type": "application/json" };
  if (token !== null) headers.Authorization = `Bearer ${token}`;
  const init = { method: "POST", headers, body: JSON.stringify(body) };
  return request(path, init, TIMEOUT_MS, (response) => response.json());
}

/** Tries until it succeeds or is refused; meanwhile the page says that the connection is lost. */
export function persist<T>(once: (attempt: number) => PromiseLike<T>): Promise<T> {
  const shown = async (attempt: number) => {
    const result = await once(attempt);
    showLost(false);
    return result;
  };
  return pRetry(shown, {
    retries: Infinity,
    minTimeout: PAUSE_MS,
    maxTimeout: LONGEST_PAUSE_MS,
    randomize: true,
    shouldRetry: ({ error }) => !(error instanceof Refused),
    onFailedAttempt: ({ error }) => showLost(!(error instanceof Refused)),
  });
}

/** A request is done when its whole response is read. */
function request<T>(
  path: string,
  init: RequestInit,
  timeout: number,
  read: (response: Response) => Promise<T>,
): Promise<T> {
  return persist(async (attempt) => {
    const cache = attempt > 1 ? "reload" : "default"; // what came in part may have been cached
    const signal = AbortSignal.timeout(timeout);
    const response = await fetch(new URL(path, document.baseURI), { ...init, cache, signal });
    const passing = response.status >= 500 || response.status === 408 || response.status === 429;
    if (passing) throw new Error(`${path}: ${response.status}`);
    if (!response.ok) throw new Refused(response.status, await reason(response), path);
    return read(response);
  });
}

async function reason(response: Response): Promise<string> {
  const body: { error?: string } | null = await response.json().catch(() => null);
  return body?.error ?? "";
}

function showLost(lost: boolean): void {
  document.getElementById("connection")!.hidden = !lost;
}
