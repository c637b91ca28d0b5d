import { describe, expect, test } from '@jest/globals';
import { findWeakness } from './password-rules.js';

describe('a new password', () => {
  const owner = { email: 'ada.lovelace@example.com', name: 'Augusta Ada Lovelace' };

  test.each([
    ['the e-mail', 'ADA.Lovelace@Example.Com', 'must be neither the e-mail nor the name'],
    ['the name', 'augusta ada lovelace', 'must be neither the e-mail nor the name'],
    ['one character over and over', '111111111111111', 'must not be made by repeating a part of it'],
    ['a word twice', 'PasswordPassword', 'must not be made by repeating a part of it'],
    ['a word and a half more', 'sunshine sunshine sun', 'must not be made by repeating a part of it'],
    ['digits counted on', '123456789012345', 'must not be made by counting on, or along a row of the keyboard'],
    ['digits counted down', '9876543210987654', 'must not be made by counting on, or along a row of the keyboard'],
    ['the alphabet', 'AbCdEfGhIjKlMnOp', 'must not be made by counting on, or along a row of the keyboard'],
    ['rows of the keyboard', 'qwertyuiopasdfgh', 'must not be made by counting on, or along a row of the keyboard'],
    ['runs of each letter', 'aaaabbbbccccddd', 'must not be made by counting on, or along a row of the keyboard'],
    ['one of the most used', '1Q2w3e4r5t6y7u8i', 'must not be one of the passwords that are used most'],
    ['another of the most used', 'momsanaladventure', 'must not be one of the passwords that are used most'],
  ])('may not be %s', async (_, password, weakness) => {
    expect(await findWeakness(password, owner)).toBe(weakness);
  });

  test.each([
    'augusta ada lovelace!',
    'correct horse battery staple',
    'another long password',
    'zwölf Boxkämpfer jagen',
    'Tr0ub4dor&3-x7Qp2',
    'пароль из многих слов',
  ])('may be %s', async (password) => {
    expect(await findWeakness(password, owner)).toBeUndefined();
  });
});
