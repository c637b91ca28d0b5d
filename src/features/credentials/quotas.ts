import type { Config } from '../../config/config.js';
import type { Policy } from '../../platform/rate-limits/policy.js';

/** The quotas of what is done with credentials. */
export interface Quotas {
  /** Failed sign-ins to one account from one address. */
  readonly accountAddress: Policy;
  /** Failed sign-ins to one account. */
  readonly account: Policy;
  /** Failed sign-ins from one address. */
  readonly address: Policy;
  /** Successful sign-ins to one account. */
  readonly success: Policy;
  /** Registrations from one address, whatever becomes of them. */
  readonly registration: Policy;
  /** Changes of one account's e-mail, whatever becomes of them: the answer says whether an e-mail is registered. */
  readonly emailChange: Policy;
  /** Links that anyone may ask for, to one account and from one address: to reset the password, and to verify the e-mail. */
  readonly forgot: MailQuotas;
  readonly verification: MailQuotas;
}

/** The quotas of one kind of mail. */
export interface MailQuotas {
  readonly account: Policy;
  readonly address: Policy;
}

const quarterHour = 15 * 60;
const hour = 60 * 60;

/** The quotas as configured. */
export function quotasOf(limits: Config['limits']): Quotas {
  const mails = (name: string): MailQuotas => ({
    account: { name: `${name}-account`, quota: limits.mailAccount, windowSeconds: hour },
    address: { name: `${name}-address`, quota: limits.mailAddress, windowSeconds: hour },
  });
  return {
    accountAddress: { name: 'account-address', quota: limits.loginAccountAddress, windowSeconds: quarterHour },
    account: { name: 'account', quota: limits.loginAccount, windowSeconds: quarterHour },
    address: { name: 'address', quota: limits.loginAddress, windowSeconds: quarterHour },
    success: { name: 'success', quota: limits.loginSuccess, windowSeconds: hour },
    registration: { name: 'registration', quota: limits.registrationAddress, windowSeconds: hour },
    emailChange: { name: 'email-change', quota: limits.emailChange, windowSeconds: hour },
    forgot: mails('forgot'),
    verification: mails('verification'),
  };
}
