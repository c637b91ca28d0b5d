import { describe, expect, test } from '@jest/globals';
import { ConfigError, type Environment, parseConfig, type Part } from './config.js';

const good: Environment = { RDS_HOST: 'db.internal', RDS_PASSWORD: 'pg', JWT_SECRET: 'a signing key of more than 32 bytes', MAIL_FROM: 'duet@example.com' };

describe('MAIL_URL', () => {
  test.each([
    ['ses:', { kind: 'ses', endpoint: undefined }],
    ['smtp://mail.example.com', { kind: 'smtp', host: 'mail.example.com', port: 587, tls: 'starttls' }],
    ['smtp://mail.example.com:2525/', { kind: 'smtp', host: 'mail.example.com', port: 2525, tls: 'starttls' }],
    ['smtps://us%40er:p%2Fw@mail.example.com', { kind: 'smtp', host: 'mail.example.com', port: 465, tls: 'implicit', user: 'us@er', password: 'p/w' }],
    ['smtp://127.0.0.1:1025', { kind: 'smtp', host: '127.0.0.1', port: 1025, tls: 'none' }],
    ['smtp://[::1]:1025', { kind: 'smtp', host: '::1', port: 1025, tls: 'none' }],
  ])('may be %s', (MAIL_URL, route) => {
    expect(parseConfig({ ...good, MAIL_URL }).mail.route).toEqual(route);
  });

  test.each([
    'ses',
    'ses://x',
    'http://x',
    'smtp:',
    'smtp://',
    'smtp://h/path',
    'smtp://h?secure=false',
    'smtp://u:%zz@h',
    'smtp://h:99999',
    'mail.example.com',
  ])('may not be %s', (MAIL_URL) => {
    expect(() => parseConfig({ ...good, MAIL_URL })).toThrow(/MAIL_URL must be ses:, or smtp:\/\/host/);
  });

  test('left out makes files on a laptop, and no mails on Lambda', () => {
    expect(parseConfig(good).mail.route).toEqual({ kind: 'files' });
    expect(parseConfig({ ...good, AWS_LAMBDA_FUNCTION_NAME: 'f' }).mail.route).toEqual({ kind: 'none' });
  });

  test('needs nothing more where mails are only asked for', () => {
    const parts: Part[] = ['postgres', 'signing-key'];

    expect(parseConfig({ ...good, MAIL_FROM: '', AWS_LAMBDA_FUNCTION_NAME: 'f', MAIL_URL: 'ses:' }, parts).mail.route.kind).toBe('ses');
  });
});

describe('MAIL_FROM', () => {
  test.each([
    ['duet@example.com', { name: 'Duet', address: 'duet@example.com' }],
    ['Duet at Home <no-reply@example.com>', { name: 'Duet at Home', address: 'no-reply@example.com' }],
    ['Größe <a@b.example>', { name: 'Größe', address: 'a@b.example' }],
  ])('may be %s', (MAIL_FROM, sender) => {
    expect(parseConfig({ ...good, MAIL_FROM }).mail.from).toEqual(sender);
  });

  test.each([
    'Duet',
    '@',
    'a@b c',
    'Duet <a@b.example>\r\nBcc: eve@example.com',
    'Duet\r\nBcc eve <a@b.example>',
    'a@b.example, c@d.example',
    '"Duet" <a@b.example>',
    'ö@example.com',
  ])('may not be %j', (MAIL_FROM) => {
    expect(() => parseConfig({ ...good, MAIL_FROM })).toThrow(ConfigError);
  });
});

describe('APP_URL', () => {
  test('loses the slash at its end', () => {
    expect(parseConfig({ ...good, APP_URL: 'https://app.example.com/duet/' }).mail.appUrl).toBe('https://app.example.com/duet');
  });

  test('left out is the local app, behind its base path', () => {
    expect(parseConfig({ ...good, PORT: '8080', BASE_PATH: '/prod' }).mail.appUrl).toBe('http://localhost:8080/prod/app');
  });

  test.each(['http://app.example.com', 'https://app.example.com/?x', 'https://app.example.com/#/', 'app'])('may not be %s', (APP_URL) => {
    expect(() => parseConfig({ ...good, APP_URL })).toThrow(/APP_URL must/);
  });
});
