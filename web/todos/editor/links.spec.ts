import { expect, test } from '@jest/globals';
import { linksIn } from './links.js';

test('Addresses of the web and of mail are links, each once and without the sentence around them', () => {
  expect(linksIn('See https://example.com/a?b=c#d, (http://example.org). Or mailto:ada@example.com! https://example.com/a?b=c#d')).toEqual([
    ...['https://example.com/a?b=c#d', 'http://example.org', 'mailto:ada@example.com'],
  ]);
});

test.each([
  'javascript:alert(1)',
  'JaVaScRiPt://example.com/%0aalert(1)',
  'data:text/html,x',
  'ftp://example.com',
  'https://',
  'file:///etc/passwd',
  'example.com',
])('%s is no link', (text) => {
  expect(linksIn(text)).toEqual([]);
});
