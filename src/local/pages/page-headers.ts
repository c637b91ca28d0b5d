/** What every page for people is sent with, beside its own content security policy: in no frame, without a referrer, apart from other windows. */
export const pageHeaders: Readonly<Record<string, string>> = {
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
};
