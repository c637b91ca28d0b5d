import { type Route } from '../app/route.js';
import { Forgot } from './forgot.js';
import { Reset } from './reset.js';
import { SignIn } from './sign-in.js';
import { SignUp } from './sign-up.js';
import { Verify } from './verify.js';

/** The forms of who is not signed in, and of the links in mails. */
export default function SignedOut({ route: { page, rest }, ended }: { route: Route; ended: boolean }) {
  switch (page) {
    case 'sign-up':
      return <SignUp />;
    case 'forgot':
      return <Forgot />;
    case 'reset':
      return <Reset token={rest} />;
    case 'verify':
      return <Verify token={rest} />;
    default:
      return <SignIn ended={ended} />;
  }
}
