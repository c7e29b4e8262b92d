import { expect, test } from 'vitest';
import { parseConfig } from '../parse-config.ts';
import { ConfigError } from './problem.ts';

async function problemsOf(chainer: object): Promise<readonly string[]> {
  const value = {
    listeners: [{ bind: '127.0.0.1:0', service: 'web' }],
    services: { web: { mode: 'forward', routes: [{ chainer }] } },
  };
  try {
    await parseConfig({ value, baseDirectory: '/' });
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

test.each([
  [{ balance: 'round-robbin' }, 'round-robin'],
  [{ balance: 'leastconnections' }, 'least-connections'],
  [{ balance: { hash: 'cleint' } }, 'client'],
  [{ hedge: 'p9' }, 'p90'],
  [{ check: { type: 'htp' } }, 'http'],
  [{ retry: { on: ['conect'] } }, 'connect'],
  [{ sticky: { cookie: 'srv', sameSite: 'laxx' } }, 'lax'],
  [{ type: 'parent', protocol: 'sock5' }, 'socks5'],
  [{ type: 'parent', protocol: 'http', auth: 'pas' }, 'pass'],
  [{ type: 'parent', protocol: 'http', resolve: 'remot' }, 'remote'],
])('an unknown value in %j is told with the nearest one that is known', async (options, meant) => {
  const problems = await problemsOf({ type: 'pool', servers: ['10.0.0.1:80'], ...options });
  expect(problems).toHaveLength(1);
  expect(problems[0]).toMatch(new RegExp(`, found "[\\w-]+"; did you mean "${meant}"\\?$`));
});

test('a value that is far from all that are known gets no suggestion', async () => {
  const [problem] = await problemsOf({ type: 'pool', servers: ['10.0.0.1:80'], balance: 'whatever' });
  expect(problem).toMatch(/, found "whatever"\.$/);
});
