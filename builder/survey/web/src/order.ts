import type { Option } from "./types";

/** The options, those of `shuffled` first, in an order that `seed` draws: the same whenever and wherever it is drawn. */
export function ordered(options: Option[], shuffled: string[], seed: string): Option[] {
  const drawn = options
    .filter(({ value }) => shuffled.includes(value))
    .map((option) => ({ option, place: hash(`${seed}:${option.value}`) }))
    .sort((a, b) => a.place - b.place)
    .map(({ option }) => option);
  return [...drawn, ...options.filter(({ value }) => !shuffled.includes(value))];
}

/** 32 bits of a text: FNV-1a, then MurmurHash3's finalizer, for texts that differ in their ends alone. */
function hash(text: string): number {
  let bits = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) bits = Math.imul(bits ^ byte, 0x01000193);
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}
