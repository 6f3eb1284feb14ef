/** What the browser keeps of one participation: small JSON values in localStorage, apart for each `owner`. */
export interface Memory {
  get<T>(name: string): T | null;
  set(name: string, value: unknown): void;
  remove(name: string): void;
}

export function memory(owner: string): Memory {
  const key = (name: string) => `lands-between:${owner}:${name}`;
  return {
    get: (name) => attempt(() => JSON.parse(localStorage.getItem(key(name)) ?? "null")),
    set: (name, value) => attempt(() => localStorage.setItem(key(name), JSON.stringify(value))),
    remove: (name) => attempt(() => localStorage.removeItem(key(name))),
  };
}

/** Where a browser forbids storage, the task works still; only a reload then starts anew. */
function attempt<T>(access: () => T): T | null {
  try {
    return access();
  } catch {
    return null;
  }
}
