import { describe, expect, test } from '@jest/globals';
import { mailFailure } from './mail-failure.js';

const smtpError = (responseCode: number | undefined, command: string, code = 'EENVELOPE') =>
  Object.assign(new Error('450 4.2.1 <ada@example.com> says "no"'), { code, responseCode, command });
const sesError = (name: string) => Object.assign(new Error('Email address is not verified: ada@example.com'), { name });

describe('a mail that was not sent', () => {
  test.each([
    ['a recipient that the server refuses', smtpError(550, 'RCPT TO'), true],
    ['a text that the server refuses', smtpError(554, 'DATA', 'EMESSAGE'), true],
    ['greylisting', smtpError(451, 'RCPT TO'), false],
    ['a sender that the server refuses', smtpError(553, 'MAIL FROM'), false],
    ['a sign-in that fails', smtpError(535, 'AUTH PLAIN', 'EAUTH'), false],
    ['a server that closes', smtpError(undefined, 'CONN', 'ECONNECTION'), false],
    ['a mail that SES refuses', sesError('MessageRejected'), true],
    ['an address that SES cannot read', sesError('BadRequestException'), true],
    ['an account of SES that is paused', sesError('SendingPausedException'), false],
    ['a quota of SES', sesError('TooManyRequestsException'), false],
  ])('for %s', (_, error, permanent) => {
    expect(mailFailure(error).permanent).toBe(permanent);
  });

  test('is described without addresses', () => {
    expect(mailFailure(smtpError(450, 'RCPT TO')).reason).toBe('Error (EENVELOPE 450 RCPT TO): 450 4.2.1 <address> says "no"');
    expect(mailFailure(sesError('MessageRejected')).reason).toBe('MessageRejected: Email address is not verified: <address>');
    expect(mailFailure('gone').reason).toBe('Unknown failure');
  });
});
