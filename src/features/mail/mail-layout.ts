/** What a mail says. All of it is plain text: the layout makes it safe for where it stands. */
export interface MailContent {
  readonly subject: string;
  /** The recipient's own name for themselves: it may be anything. */
  readonly name: string;
  readonly paragraphs: readonly string[];
  readonly link?: { readonly label: string; readonly url: string };
  /** What stands below the link. */
  readonly closing: readonly string[];
  /** The product's name. */
  readonly sender: string;
}

/** The one style sheet of every mail; the page that shows them allows it by its hash. */
export const mailStyle =
  ':root{color-scheme:light dark}' +
  'body{margin:0;padding:24px;font:16px/1.5 system-ui,sans-serif;overflow-wrap:anywhere}' +
  'main{max-width:34em;margin:0 auto}' +
  '.action{display:inline-block;padding:10px 18px;border-radius:6px;background:#1f4fd8;color:#fff;text-decoration:none;font-weight:600}' +
  'footer{margin-top:32px;font-size:14px;opacity:.75}';

/** A mail as text and as HTML, which say the same. */
export function layOut(content: MailContent): { readonly text: string; readonly html: string } {
  return { text: asText(content), html: asHtml(content) };
}

function asText({ name, paragraphs, link, closing, sender }: MailContent): string {
  // The isolates keep a name in another direction from turning the line around (Unicode Standard Annex 9, section 2.7).
  const blocks = [
    `Hello \u2068${oneLine(name)}\u2069,`,
    ...paragraphs,
    ...(link === undefined ? [] : [`${link.label}:\n${link.url}`]),
    ...closing,
    `-- \n${sender}`,
  ];
  return `${blocks.join('\n\n')}\n`;
}

function asHtml({ subject, name, paragraphs, link, closing, sender }: MailContent): string {
  const paragraph = (text: string): string => `<p>${escapeHtml(text)}</p>`;
  const action =
    link === undefined
      ? []
      : [
          `<p><a class="action" href="${escapeHtml(link.url)}">${escapeHtml(link.label)}</a></p>`,
          `<p>Or open this address:<br><a href="${escapeHtml(link.url)}">${escapeHtml(link.url)}</a></p>`,
        ];
  return [
    '<!doctype html>',
    `<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${escapeHtml(subject)}</title>`,
    `<style>${mailStyle}</style></head><body><main>`,
    `<p>Hello <bdi>${escapeHtml(oneLine(name))}</bdi>,</p>`,
    ...paragraphs.map(paragraph),
    ...action,
    ...closing.map(paragraph),
    `<footer>${escapeHtml(sender)}</footer>`,
    '</main></body></html>',
    '',
  ].join('\n');
}

/** A name on one line, without what would move what stands around it: controls, and marks and embeddings of direction. */
function oneLine(name: string): string {
  return name
    .replaceAll(/[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, '')
    .replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
    .trim();
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** Text as it stands in HTML, in a quoted attribute too. */
export function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => entities[character] ?? character);
}
