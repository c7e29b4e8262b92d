import { describe, expect, test } from 'vitest';
import { addr, establishingLab, refusal } from '../../test-support/establishing.ts';
import { AccessDeniedError } from '../base/errors.ts';

const publicClient = '8.8.8.8';

describe('the access check evaluates the translated address', () => {
  test('a rule about the address that was asked for does not count', async () => {
    const { session, establisher, accepted } = await establishingLab(['192.168.7.9:80'], {
      access: [{ action: 'deny', servers: ['203.0.113.9'] }],
      nat: [{ action: 'dnat', servers: ['203.0.113.9'], to: '192.168.7.9' }],
    });
    await establisher('client')(session('10.0.0.7'), undefined, addr('203.0.113.9:80'));
    expect(accepted).toHaveLength(1);
  });

  test('a rule about the address that it becomes does, and then nothing is dialled', async () => {
    const { network, session, establisher } = await establishingLab([], {
      access: [{ action: 'deny', servers: ['192.168.7.0/24'] }],
      nat: [{ action: 'dnat', servers: ['203.0.113.9'], to: '192.168.7.9' }],
    });
    for (const chooser of ['client', 'operator'] as const) {
      const whose = session('10.0.0.7');
      const error = await refusal(establisher(chooser)(whose, undefined, addr('203.0.113.9:80')));
      expect(error).toBeInstanceOf(AccessDeniedError);
      expect(error).toMatchObject({ rule: 'services.test.access[0]', address: addr('192.168.7.9:80') });
      expect(whose.serverAddress).toEqual(addr('192.168.7.9:80'));
      expect(whose.resolvedAddress).toEqual(addr('203.0.113.9:80'));
    }
    expect(network.dialled).toEqual([]);
  });

  test('and so does the port that it becomes', async () => {
    const access = [{ action: 'allow', ports: [8080] }, { action: 'deny' }] as const;
    const nat = [{ action: 'dnat', to: '192.168.7.9:8080' }] as const;
    const { session, establisher, accepted } = await establishingLab(['192.168.7.9:8080'], { access, nat });
    await establisher('client')(session('10.0.0.7'), undefined, addr('203.0.113.9:80'));
    expect(accepted).toHaveLength(1);
  });

  test('an idle connection to it is not given to a session that may not go there', async () => {
    const { pool, session, establisher } = await establishingLab(['192.168.7.9:80'], {
      access: [{ action: 'deny', clients: ['10.0.0.8'], servers: ['192.168.7.9'] }],
      nat: [{ action: 'dnat', servers: ['203.0.113.9'], to: '192.168.7.9' }],
    });
    (await establisher('client')(session('10.0.0.7'), undefined, addr('203.0.113.9:80'))).release();
    expect(pool.idle).toBe(1);
    const error = await refusal(establisher('client')(session('10.0.0.8'), undefined, addr('203.0.113.9:80')));
    expect(error).toBeInstanceOf(AccessDeniedError);
    expect(pool.idle).toBe(1);
  });
});

describe('a server behind a NAT64 translator to which a rule leads', () => {
  test('is evaluated as the IPv4 server that it is, too', async () => {
    const { network, session, establisher } = await establishingLab([], {
      access: [{ action: 'deny', servers: ['10.0.0.0/8'] }],
      nat: [
        { action: 'dnat', servers: ['2001:db8:1::/96'], network: '2a00:64::/96' },
        { action: 'dnat', embedIn: '2a00:64::/96' },
      ],
    });
    const error = await refusal(establisher('client')(session('10.0.0.7'), undefined, addr('[2001:db8:1::a00:5]:80')));
    expect(error).toMatchObject({ rule: 'services.test.access[0]' });
    expect(network.dialled).toEqual([]);
  });
});

describe('who chose a translated server', () => {
  const dnat = { action: 'dnat', servers: ['203.0.113.0/24'] } as const;

  test.each([
    ['an address', { ...dnat, to: '192.168.7.9' }],
    ['a network', { ...dnat, network: '192.168.7.0/24' }],
    ['a pool', { ...dnat, pool: ['192.168.7.9'] }],
  ])('is the operator, who wrote %s into the rule', async (_what, rule) => {
    const { accepted, session, establisher } = await establishingLab(['192.168.7.9:80'], { nat: [rule] });
    await establisher('client')(session(publicClient), undefined, addr('203.0.113.9:80'));
    expect(accepted).toHaveLength(1);
  });

  test('is still the client where no rule matches', async () => {
    const { network, session, establisher } = await establishingLab([], { nat: [{ ...dnat, to: '192.168.7.9' }] });
    const error = await refusal(establisher('client')(session(publicClient), undefined, addr('192.168.7.9:80')));
    expect(error).toMatchObject({ rule: 'default: a client never reaches an address more private than its own' });
    expect(network.dialled).toEqual([]);
  });

  test.each([
    ['embedIn, a private address behind a public-looking prefix', { embedIn: '2a00:64::/96' }, '10.0.0.5:80'],
    ['embedIn, the metadata service', { embedIn: '2a00:64::/96' }, '169.254.169.254:80'],
    ['embedIn, asked for by the address behind the prefix', { embedIn: '2a00:64::/96' }, '[2a00:64::a00:5]:80'],
    ['embedIn, and bits that must be zero are not', { embedIn: '2a00:64::/64' }, '[2a00:64:0:0:ff0a:0:500:0]:80'],
    [
      'a prefix of a rule that is for others',
      { clients: ['10.0.0.0/8'], extractFrom: '2a00:64::/96' },
      '[2a00:64::a00:5]:80',
    ],
    ['extractFrom, a private address', { extractFrom: '2a00:64::/96' }, '[2a00:64::a00:5]:80'],
    ['extractFrom, this machine', { extractFrom: '2a00:64::/96' }, '[2a00:64::7f00:1]:80'],
  ])('is still the client for %s: the default denies it', async (_what, way, asked) => {
    const { network, session, establisher } = await establishingLab([], { nat: [{ action: 'dnat', ...way }] });
    const error = await refusal(establisher('client')(session(publicClient), undefined, addr(asked)));
    expect(error).toBeInstanceOf(AccessDeniedError);
    expect(network.dialled).toEqual([]);
  });

  test('an operator who leads to an address behind a translator has chosen it', async () => {
    const { accepted, session, establisher } = await establishingLab(['[2a00:64::a00:5]:80'], {
      nat: [
        { action: 'dnat', servers: ['203.0.113.9'], to: '2a00:64::a00:5' },
        { action: 'dnat', embedIn: '2a00:64::/96' },
      ],
    });
    await establisher('client')(session(publicClient), undefined, addr('203.0.113.9:80'));
    expect(accepted).toHaveLength(1);
  });

  test('a private translator is still out of reach for a client that names an address behind it itself', async () => {
    const { session, establisher } = await establishingLab([], {
      nat: [{ action: 'dnat', embedIn: 'fd00:64::/96' }],
    });
    const error = await refusal(establisher('client')(session(publicClient), undefined, addr('[fd00:64::808:404]:80')));
    expect(error).toBeInstanceOf(AccessDeniedError);
  });

  test('a public server behind a private translator is reached by everybody', async () => {
    const { accepted, session, establisher } = await establishingLab(['[fd00:64::808:404]:80'], {
      nat: [{ action: 'dnat', embedIn: 'fd00:64::/96' }],
    });
    await establisher('client')(session(publicClient), undefined, addr('8.8.4.4:80'));
    expect(accepted).toHaveLength(1);
  });

  test.each(['8.8.4.4', 'fd00:64::/96'])(
    'a rule against %s meets a server that is reached behind it',
    async (denied) => {
      const { network, session, establisher } = await establishingLab([], {
        access: [{ action: 'deny', servers: [denied] }],
        nat: [{ action: 'dnat', embedIn: 'fd00:64::/96' }],
      });
      const error = await refusal(establisher('client')(session('10.0.0.7'), undefined, addr('8.8.4.4:80')));
      expect(error).toMatchObject({ rule: 'services.test.access[0]' });
      expect(network.dialled).toEqual([]);
    },
  );

  test('a client is not sent back to the listener that it came to', async () => {
    const { session, establisher } = await establishingLab([], { nat: [{ action: 'dnat', to: '10.0.0.1:3128' }] });
    const error = await refusal(establisher('client')(session('10.0.0.7'), undefined, addr('203.0.113.9:80')));
    expect(error.code).toBe('proxy_loop_detected');
  });
});

describe('a translated session', () => {
  test('dials the translated address from the translated source, and says what it was', async () => {
    const { accepted, network, session, establisher } = await establishingLab(['192.168.7.9:80'], {
      nat: [
        { action: 'dnat', servers: ['203.0.113.9'], to: '192.168.7.9' },
        { action: 'snat', servers: ['192.168.7.0/24'], to: '192.168.7.1' },
      ],
    });
    const whose = session('10.0.0.7');
    const connection = await establisher('client')(whose, undefined, addr('203.0.113.9:80'));
    expect(network.dialled).toEqual([addr('192.168.7.9:80')]);
    expect(accepted[0]!.remote).toMatchObject({ address: '192.168.7.1' });
    expect(connection.remote).toEqual(addr('192.168.7.9:80'));
    expect(whose).toMatchObject({ serverAddress: addr('192.168.7.9:80'), resolvedAddress: addr('203.0.113.9:80') });
    expect(whose.attempts).toMatchObject([{ address: addr('192.168.7.9:80') }]);
  });

  test('whose next attempt is not translated does not keep what was resolved before', async () => {
    const { session, establisher } = await establishingLab(['10.0.0.80:80'], {
      nat: [{ action: 'dnat', servers: ['203.0.113.9'], to: '192.168.7.9' }],
    });
    const whose = session('10.0.0.7');
    await refusal(establisher('operator')(whose, undefined, addr('203.0.113.9:80')));
    expect(whose.resolvedAddress).toBeDefined();
    await establisher('operator')(whose, undefined, addr('10.0.0.80:80'));
    expect(whose.resolvedAddress).toBeUndefined();
  });

  test('the chainer’s own address, named or forged, comes before snat', async () => {
    const nat = [{ action: 'snat', to: '10.0.0.99' }] as const;
    const { accepted, session, establisher } = await establishingLab(['10.0.0.80:80'], { nat });
    const connect = establisher('operator');
    await connect(session('10.0.0.7'), addr('10.0.0.9'), addr('10.0.0.80:80'));
    await connect(session('10.0.0.7'), undefined, addr('10.0.0.80:80'), { forgeAddr: true });
    await connect(session('10.0.0.7'), undefined, addr('10.0.0.80:80'));
    expect(accepted.map(({ remote }) => remote)).toMatchObject([
      { address: '10.0.0.9' },
      { address: '10.0.0.7' },
      { address: '10.0.0.99' },
    ]);
  });

  test('connections are pooled by the translated addresses', async () => {
    const { network, session, establisher } = await establishingLab(['192.168.7.9:80'], {
      nat: [
        { action: 'dnat', servers: ['203.0.113.0/24'], to: '192.168.7.9' },
        { action: 'snat', clients: ['10.0.0.0/25'], to: '192.168.7.1' },
        { action: 'snat', to: '192.168.7.2' },
      ],
    });
    const connect = establisher('client');
    const first = await connect(session('10.0.0.7'), undefined, addr('203.0.113.9:80'));
    first.release();
    expect(connect(session('10.0.0.8'), undefined, addr('203.0.113.10:80'))).toBe(first);
    first.release();
    const other = await connect(session('10.0.0.200'), undefined, addr('203.0.113.9:80'));
    expect(other).not.toBe(first);
    expect(network.dialled).toHaveLength(2);
  });

  test('a local or forged address of another family than the translated server is refused', async () => {
    const nat = [{ action: 'dnat', embedIn: '2a00:64::/96' }] as const;
    const { network, session, establisher } = await establishingLab([], { nat });
    const local = await refusal(establisher('operator')(session('10.0.0.7'), addr('10.0.0.9'), addr('8.8.4.4:80')));
    expect(local).toMatchObject({ code: 'destination_ip_unroutable', setting: 'chainer.local' });
    const how = { forgeAddr: true };
    const forged = await refusal(establisher('operator')(session('10.0.0.7'), undefined, addr('8.8.4.4:80'), how));
    expect(forged).toMatchObject({ code: 'destination_ip_unroutable', setting: 'chainer.forgeAddr' });
    expect(network.dialled).toEqual([]);
  });
});
