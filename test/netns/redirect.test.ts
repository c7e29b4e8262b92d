import { expect, onTestFinished, test } from 'vitest';
import { describeRequiring } from '../support/requires.ts';
import { LAB_NEEDS } from './lab.ts';
import { transparentBehaviour } from './transparent-behaviour.ts';

/** Rules that send what comes from the clients' side to `port` to another port of the gateway. */
function redirection(table: string, port: number, to: number, priority = 'dstnat'): string {
  return `
table ${table} {
  chain prerouting {
    type nat hook prerouting priority ${priority}; policy accept;
    iifname "clients" tcp dport ${port} redirect to :${to}
  }
}
`;
}

const FORCED = redirection('inet forced', 81, 3131);
/** Whoever writes this has intercepted the proxy's own port. */
const TOO_MUCH = redirection('inet careless', 3129, 3129, 'dstnat - 1');
const BOUND = redirection('ip bound', 82, 3132);

/** Whoever writes this has intercepted the proxy's own connections. */
const OWN_TOO = `
table inet careless {
  chain output {
    type nat hook output priority -100; policy accept;
    tcp dport 8080 redirect to :3131
  }
}
`;

describeRequiring(LAB_NEEDS, 'transparent: redirect', () => {
  transparentBehaviour({ transparent: 'redirect', heading: 'REDIRECT', port: 3129, forcedRules: FORCED }, (lab) => {
    test.each(['10.71.2.1:3129', '[fd71:2::1]:3129'])(
      'a connection to %s that was redirected to another address of the gateway is a direct one',
      async (to) => {
        await lab().gateway.nft(TOO_MUCH);
        onTestFinished(() => lab().gateway.nft('delete table inet careless'));
        expect(await lab().client.endOf(to)).toBe('ECONNRESET');
      },
    );

    test.each(['10.71.2.10:81', '[fd71:2::10]:81'])(
      'a loop that its addresses do not show, on the way to %s, ends at the first turn',
      async (to) => {
        await lab().gateway.nft(OWN_TOO);
        onTestFinished(() => lab().gateway.nft('delete table inet careless'));
        const { status } = await lab().client.fetch({ to });
        expect(status).toBe(508);
      },
    );

    test('a listener that is bound to one address intercepts and protects itself alike', async () => {
      const { client, gateway } = lab();
      await lab().inbandOfTest({
        listeners: [{ bind: '10.71.1.1:3132', service: 'guard', transparent: 'redirect' }],
        services: { guard: { mode: 'transparent', routes: [{ chainer: { type: 'transparent', forcedPort: 80 } }] } },
      });
      await gateway.nft(BOUND);
      expect(await client.ask({ to: '10.71.3.10:82' })).toMatchObject({ server: 'server2', local: '10.71.3.10:80' });
      expect(await client.endOf('10.71.1.1:3132')).toBe('ECONNRESET');
    });

    test('needs no privilege', async () => {
      const config = {
        listeners: [{ bind: ':0', service: 'guard', transparent: 'redirect' as const }],
        services: { guard: { mode: 'transparent' as const, routes: [{ chainer: { type: 'transparent' as const } }] } },
      };
      const program = await lab().inband(config, ['setpriv', '--bounding-set=-net_admin,-net_raw', '--']);
      program.kill('SIGTERM');
      expect(await program.ended).toMatchObject({ status: 0, stderr: '' });
    });
  });
});
