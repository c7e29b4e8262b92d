import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { describeRequiring } from '../support/requires.ts';
import { textOf } from './bodies.ts';
import { e2e } from './lab.ts';

const workspace = fileURLToPath(new URL('../../', import.meta.url));

/**
 * Runs a script of bash in the workspace, where no other network than a loopback of its own exists: the port that the
 * program has by default is free there, and nothing can leave.
 */
async function runAlone(script: string): Promise<{ readonly status: number | null; readonly output: string }> {
  const all = `set -u; ip link set lo up; ${script}`;
  const child = spawn('unshare', ['--net', 'bash', '-c', all], {
    cwd: workspace,
    stdio: ['ignore', 'pipe', 'ignore'],
    // `node` is the one that runs this test.
    env: { ...process.env, PATH: `${dirname(process.execPath)}:${process.env.PATH ?? '/usr/bin:/bin'}` },
  });
  const [[status], output] = await Promise.all([
    once(child, 'close') as Promise<[number | null]>,
    textOf(child.stdout),
  ]);
  return { status, output };
}

/** Waits until there is a proxy, asks it for itself, ends it, and says how it ended. */
const ASK_AND_END = `
  proxy=$!
  until curl --silent --output /dev/null http://127.0.0.1:3128/; do kill -0 $proxy || exit 9; sleep 0.1; done
  curl --silent --proxy http://127.0.0.1:3128 http://127.0.0.1:3128/
  kill -TERM -- $END
  wait $proxy
`;

describeRequiring(
  { commands: ['unshare', 'ip', 'bash', 'curl'], networkNamespaces: true },
  'without a configuration',
  () => {
    e2e('the program is a forward proxy on 127.0.0.1:3128', async () => {
      const { status, output } = await runAlone(
        `node apps/proxy/bin/inband.mjs & ${ASK_AND_END.replace('$END', '$proxy')}`,
      );
      expect(output).toMatch(
        /"address":"127\.0\.0\.1:3128","service":"default","mode":"forward","transport":"\w+","why":"[^"]+","msg":"listening"/,
      );
      expect(output).toContain('"error": "proxy_loop_detected"');
      expect(output).toMatch(/"msg":"stopped"/);
      expect(status).toBe(0);
    });

    e2e('npm start runs it, and ends it on SIGTERM', async () => {
      // Without its first step, the installation: that has been done, and the network is not there.
      const start = 'set -m; npm start --ignore-scripts --offline';
      const { output } = await runAlone(`${start} & ${ASK_AND_END.replace('$END', '-$proxy')}`);
      expect(output).toMatch(/"address":"127\.0\.0\.1:3128".*"msg":"listening"/);
      expect(output).toContain('"error": "proxy_loop_detected"');
      expect(output).toMatch(/"msg":"stopped"/);
    });
  },
);
