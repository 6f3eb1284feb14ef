import { type Text, element, show } from "../page";
import type { Ending } from "../types";

/** The last page: what to do with the completion code, and with the answers where no server took them. */
export function showDone(display: HTMLElement, text: Text, contact: string, ending: Ending & { download?: Blob }): void {
  const { completion_code: code, completion_url: url, participant_id: participant, download } = ending;
  const parts: HTMLElement[] = [];
  if (download) {
    const file = { href: URL.createObjectURL(download), download: "answers.json", className: "button" };
    parts.push(element("p", {}, text("done_download_text", { contact })));
    parts.push(element("p", {}, element("a", file, text("done_download"))));
  } else {
    parts.push(element("p", {}, text("done_text")));
  }
  if (code) parts.push(element("p", {}, `${text("done_code")} `, element("strong", { className: "code" }, code)));
  parts.push(...linkTo(url, text));
  parts.push(element("p", {}, text("done_withdrawal", { contact, participant })));
  show(display, text("done_heading"), ...parts);
}

/** Declined, full or occupied, already finished, or failed: a heading and a text, and the way back to the platform, if any. */
export function showMessage(
  display: HTMLElement,
  text: Text,
  name: string,
  values: Record<string, string> = {},
  back: string | null = null,
): void {
  show(display, text(`${name}_heading`), element("p", {}, text(`${name}_text`, values)), ...linkTo(back, text));
}

/** Below the message that somebody took part already: it may have been somebody else, with the same id. */
export function offerToDisown(display: HTMLElement, text: Text, disown: () => void): void {
  const button = element("button", { type: "button", className: "quiet" }, text("not_me"));
  button.addEventListener("click", disown, { once: true });
  display.append(
    element("p", {}, text("not_me_text")),
    element("div", { className: "actions" }, button),
  );
}

/** A button that leads to an address, if there is one that may be followed. */
function linkTo(address: string | null, text: Text): HTMLElement[] {
  const target = secure(address);
  if (!target) return [];
  const link = { href: target.href, rel: "noreferrer", className: "button" };
  return [element("p", {}, element("a", link, text("done_link", { host: target.host })))];
}

/** Participants are sent to https addresses only, and follow the link themselves, having seen where it leads. */
function secure(address: string | null): URL | null {
  if (!address || !URL.canParse(address)) return null;
  const url = new URL(address);
  return url.protocol === "https:" ? url : null;
}
