import { describe, expect, it } from '@jest/globals';
import { isGuessable } from './password-rules.js';

describe('a new password', () => {
  it.each([
    ['ada.lovelace@example.com', true],
    ['ADA.Lovelace@Example.Com', true],
    ['augusta ada lovelace', true],
    ['augusta ada lovelace!', false],
  ])('%s is the e-mail or name: %s', (password, guessable) => {
    expect(isGuessable(password, { email: 'ada.lovelace@example.com', name: 'Augusta Ada Lovelace' })).toBe(guessable);
  });
});
