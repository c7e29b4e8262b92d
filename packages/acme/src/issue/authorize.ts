import { AcmeError } from '../base/acme-error.ts';
import type { Solver } from '../challenges/solver.ts';
import { describeProblem, typeOf } from '../client/problems.ts';
import type { Authorization, Challenge } from '../client/schemas.ts';
import type { IssueDeps } from './issue-deps.ts';
import { poll } from './poll.ts';

/** Shows the CA that a host is ours, unless it knows. Rejects with an `AcmeError`. */
export async function authorize(url: string, deps: IssueDeps): Promise<void> {
  const { client, solver, signal, log } = deps;
  const { value: authorization } = await client.authorization(url, signal);
  if (authorization.status === 'valid') return;
  if (authorization.status !== 'pending') throw failed(authorization, solver);
  const host = authorization.identifier.value;
  const { challenge, token } = choose(authorization, solver);
  const task = { host, token, keyAuthorization: client.keyAuthorization(token) };
  try {
    await solver.present(task, signal);
    log.debug({ host, challenge: solver.type }, 'acme: the CA can look at the answer to its challenge');
    if (challenge.status === 'pending') await client.startChallenge(challenge.url, signal);
    const ask = () => client.authorization(url, signal);
    const result = await poll({ ask, isPending, what: `the authorization of ${host}` }, deps);
    if (result.status !== 'valid') throw failed(result, solver);
  } finally {
    await solver.remove(task);
  }
}

function isPending({ status }: Authorization): boolean {
  return status === 'pending';
}

function choose({ challenges, identifier }: Authorization, { type }: Solver): { challenge: Challenge; token: string } {
  const challenge = challenges.find((offered) => offered.type === type);
  if (challenge?.token !== undefined) return { challenge, token: challenge.token };
  const offered = challenges.map((each) => each.type).join(', ');
  const text = `acme.challenge: the CA does not accept ${type} for ${identifier.value}. It accepts: ${offered}.`;
  throw new AcmeError('setting', text);
}

function failed({ challenges, identifier, status }: Authorization, { type }: Solver): AcmeError {
  const error = challenges.find((challenge) => challenge.error !== undefined)?.error;
  const reason = error === undefined ? `the authorization is ${status}` : describeProblem(error);
  const text = `The CA could not validate ${identifier.value} by ${type}: ${reason}.`;
  return new AcmeError('refused', text, { problem: typeOf(error) });
}
