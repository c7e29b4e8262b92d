import { expect, onTestFinished, test } from 'vitest';
import { describeRequiring } from '../support/requires.ts';
import { documented } from './documented.ts';
import { LAB_NEEDS } from './lab.ts';
import { transparentBehaviour } from './transparent-behaviour.ts';

const FORCED = `
table inet forced {
  chain prerouting {
    type filter hook prerouting priority mangle; policy accept;
    iifname "clients" tcp dport 81 tproxy to :3131 meta mark set 1 accept
  }
}
`;

function boundTo(address: string, family: string): string {
  return `
table ${family} bound {
  chain prerouting {
    type filter hook prerouting priority mangle; policy accept;
    iifname "clients" tcp dport 82 tproxy to ${address}:3132 meta mark set 1 accept
  }
}
`;
}

const UNPRIVILEGED = ['setpriv', '--bounding-set=-net_admin,-net_raw', '--'];

describeRequiring(LAB_NEEDS, 'transparent: tproxy', () => {
  transparentBehaviour({ transparent: 'tproxy', heading: 'TPROXY', port: 3130, forcedRules: FORCED }, (lab) => {
    test.each(['0.0.0.0:0', '[::]:0'])(
      'without the privilege nothing starts on %s, and the error names it',
      async (bind) => {
        const config = {
          listeners: [{ bind, service: 'guard', transparent: 'tproxy' as const }],
          services: {
            guard: { mode: 'transparent' as const, routes: [{ chainer: { type: 'transparent' as const } }] },
          },
        };
        const { status, stderr } = await lab().inbandOnce(config, ['run'], UNPRIVILEGED);
        expect(status).toBe(1);
        expect(stderr).toContain('listeners[0].transparent: Cannot accept intercepted connections on');
        expect(stderr).toContain('CAP_NET_ADMIN');
      },
    );

    test.each([
      ['127.0.0.1', '10.71.3.10', 'ip'],
      ['[::1]', '[fd71:3::10]', 'ip6'],
    ])('a listener that is bound to %s intercepts and protects itself alike', async (address, server, family) => {
      const { client, gateway } = lab();
      await lab().inbandOfTest({
        listeners: [{ bind: `${address}:3132`, service: 'guard', transparent: 'tproxy' }],
        services: { guard: { mode: 'transparent', routes: [{ chainer: { type: 'transparent', forcedPort: 80 } }] } },
      });
      await gateway.nft(boundTo(address, family));
      expect(await client.ask({ to: `${server}:82` })).toMatchObject({ server: 'server2', local: `${server}:80` });
      // Nobody else reaches loopback.
      expect(await gateway.endOf(`${address}:3132`)).toBe('ECONNRESET');
    });

    test('inband check warns of a policy route that is missing for one version of IP', async () => {
      const { gateway } = lab();
      await gateway.nft(documented('transparent.md', 'TPROXY', 'nft').replace(/^/, 'delete table inet inband\n'));
      await gateway.run(['ip', '-6', 'rule', 'del', 'fwmark', '1', 'lookup', '100']);
      onTestFinished(async () => {
        await gateway.run(['ip', '-6', 'rule', 'add', 'fwmark', '1', 'lookup', '100']);
      });
      const { status, stderr } = await lab().inbandOnce(documented('transparent.md', 'TPROXY', 'yaml'), ['check']);
      expect(status).toBe(0);
      expect(stderr).toMatch(/^[^\n]*no policy route delivers marked IPv6 packets here[^\n]*\n$/);
    });
  });
});
