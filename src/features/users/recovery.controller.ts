import { Body, Controller, HttpCode, Param, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { type Caller, CurrentCaller, OwnedBy, Public } from '../../common/http/caller.js';
import { userIdSchema } from '../../common/ids.js';
import { bodyProblems, Operation, storeProblems } from '../../common/http/openapi.js';
import { Client, type LimitedClient } from '../../platform/rate-limits/client.js';
import { type EmailVerification, type ForgottenPassword, forgotSchema, type PasswordReset, resetSchema, verificationSchema } from './recovery.schemas.js';
import { RecoveryService } from './recovery.service.js';

/** Links in mails: asking for them, and following them. */
@ApiTags('Recovery')
@Controller()
export class RecoveryController {
  constructor(private readonly recovery: RecoveryService) {}

  @Post('auth/forgot')
  @HttpCode(202)
  @Public()
  @Operation({
    id: 'forgotPassword',
    summary: 'Ask for a link to reset the password',
    description:
      'The same answer for an e-mail without an account. Beyond 5 an hour for an account, or 20 from an address, the answer is the same too, and nothing is sent.',
    auth: false,
    success: { status: 202, description: 'If there is such an account, it is sent a link that holds for an hour.' },
    quota: 'when used',
    problems: [...bodyProblems, 'mail.unavailable', ...storeProblems],
  })
  async forgot(@Body({ schema: forgotSchema }) request: ForgottenPassword, @Client() client: LimitedClient): Promise<void> {
    return this.recovery.forgot(request, client);
  }

  @Post('auth/reset')
  @HttpCode(204)
  @Public()
  @Operation({
    id: 'resetPassword',
    summary: 'Set a new password by a link',
    description: 'Ends every session, and verifies the e-mail. A password that is refused leaves the link as it is.',
    auth: false,
    success: { status: 204, description: 'The password is the new one.' },
    problems: [...bodyProblems, 'token.invalid', 'rate_limit.exceeded', ...storeProblems],
  })
  async reset(@Body({ schema: resetSchema }) request: PasswordReset): Promise<void> {
    return this.recovery.reset(request);
  }

  @Post('auth/verify')
  @HttpCode(204)
  @Public()
  @Operation({
    id: 'verifyEmail',
    summary: 'Verify the e-mail by a link',
    description: 'Of an e-mail that is verified already nothing changes. The link is used up all the same.',
    auth: false,
    success: { status: 204, description: 'The e-mail is verified.' },
    problems: [...bodyProblems, 'token.invalid', ...storeProblems],
  })
  async verify(@Body({ schema: verificationSchema }) request: EmailVerification): Promise<void> {
    return this.recovery.verify(request);
  }

  @Post('users/:id/verification')
  @HttpCode(202)
  @OwnedBy('id')
  @Operation({
    id: 'requestVerification',
    summary: 'Ask for the link again that verifies the e-mail',
    description: 'It ends the one before. Nothing is sent to an e-mail that is verified, nor beyond 5 an hour for an account or 20 from an address.',
    success: { status: 202, description: 'The e-mail is sent a link that holds for a day.' },
    quota: 'when used',
    problems: ['request.invalid', 'access.denied', 'user.not_found', 'mail.unavailable', ...storeProblems],
  })
  async requestVerification(
    @Param('id', { schema: userIdSchema }) _id: string,
    @CurrentCaller() caller: Caller,
    @Client() client: LimitedClient,
  ): Promise<void> {
    return this.recovery.requestVerification(caller, client);
  }
}
