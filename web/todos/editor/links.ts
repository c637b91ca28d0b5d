/** What may be followed: an address with another scheme, such as `javascript:`, stays text. */
const followed = new Set(['http:', 'https:', 'mailto:']);

/** The addresses in a text that may be followed, each once. */
export function linksIn(text: string): string[] {
  const found = text.match(/\b(?:https?:\/\/|mailto:)[^\s<>"'`]+/gi) ?? [];
  const links = found.map((link) => link.replace(/[.,;:!?)\]}]+$/, '')).filter((link) => URL.canParse(link) && followed.has(new URL(link).protocol));
  return [...new Set(links)];
}
