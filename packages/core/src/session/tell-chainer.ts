import type { ProxyError } from '../base/errors.ts';
import type { Session } from './session.ts';

/** Tells the chainer of a session how it ended. To be called once by whatever serves the session. */
export function tellChainer(
  session: Session,
  status: number,
  wait: number | undefined,
  error: ProxyError | undefined,
): void {
  const { route } = session;
  if (route?.chainer.sessionEnded === undefined) return;
  route.chainer.sessionEnded(session, { status, wait, error });
}
