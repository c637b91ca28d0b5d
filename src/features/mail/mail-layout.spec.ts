import { describe, expect, test } from '@jest/globals';
import { layOut, type MailContent } from './mail-layout.js';

const content: MailContent = {
  subject: 'Reset your password',
  name: 'Ada',
  paragraphs: ['Someone asked for this.'],
  link: { label: 'Choose a new password', url: 'https://app.example.com/#/reset/token' },
  closing: ['It holds for one hour.'],
  sender: 'Duet',
};

describe('a mail', () => {
  test('says the same as text and as HTML', () => {
    const { text, html } = layOut(content);
    const words = (part: string): string =>
      part
        .replaceAll(/<style>.*<\/style>|<title>.*<\/title>/g, '')
        .replaceAll(/<[^>]+>/g, ' ')
        .replaceAll(/[^\p{L}\p{N}/#:.]+/gu, ' ')
        .trim();

    expect(text.split('\n').filter((line) => line !== '')).toEqual([
      'Hello \u2068Ada\u2069,',
      'Someone asked for this.',
      'Choose a new password:',
      'https://app.example.com/#/reset/token',
      'It holds for one hour.',
      '-- ',
      'Duet',
    ]);
    expect(words(html)).toBe(
      'Hello Ada Someone asked for this. Choose a new password Or open this address: https://app.example.com/#/reset/token It holds for one hour. Duet',
    );
  });

  test.each([
    ['markup', '<script>alert(1)</script> & "Ada"', '&lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;Ada&quot;', '<script>alert(1)</script> & "Ada"'],
    ['line breaks', 'Ada\r\nBcc: eve@example.com\u2028x', 'Ada Bcc: eve@example.com x', 'Ada Bcc: eve@example.com x'],
    ['controls of direction', '\u202eadA\u2066\u200f', 'adA', 'adA'],
    ['letters that go from right to left', 'مرحبا', 'مرحبا', 'مرحبا'],
    ['two hundred letters', 'ß'.repeat(200), 'ß'.repeat(200), 'ß'.repeat(200)],
  ])('takes a name with %s for text', (_, name, inHtml, inText) => {
    const { text, html } = layOut({ ...content, name });

    expect(html).toContain(`<p>Hello <bdi>${inHtml}</bdi>,</p>`);
    expect(text).toContain(`Hello \u2068${inText}\u2069,\n\nSomeone`);
  });

  test('loads nothing from anywhere', () => {
    expect(layOut(content).html).not.toMatch(/src=|url\(|@import|<link/);
  });
});
