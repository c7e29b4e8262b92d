import { describe, expect, test, type TestContext } from 'vitest';
import { A, answerTo, type DnsReply, DnsServer } from '../../../../../test/support/dns-server.ts';
import { FakeMachine } from '../../../test-support/fake-machine.ts';
import { dnsSockets } from '../../transport/dns-sockets.ts';
import { createDnsResolver, type DnsResolverOptions } from './dns-resolver.ts';

const SERVFAIL = 2;
const REFUSED = 5;
const address = { records: [{ data: [127, 0, 0, 9], ttl: 40 }] };
const resolved = { addresses: [{ family: 'inet', address: '127.0.0.9' }], ttl: 40 };

/** Two servers, and resolvers that ask them; all of them end with the test. */
async function setUp({ onTestFinished }: Pick<TestContext, 'onTestFinished'>) {
  const [first, second] = [new DnsServer(), new DnsServer()];
  const [address1, address2] = [await first.listen(), await second.listen()];
  onTestFinished(() => Promise.all([first.close(), second.close()]).then(() => undefined));
  const resolver = (options: Partial<DnsResolverOptions> = {}) => {
    const complete = { servers: [address1, address2], timeout: 1_000, tries: 1, ...options };
    const made = createDnsResolver(complete, { sockets: dnsSockets, machine: new FakeMachine() });
    onTestFinished(() => made.close?.());
    return made;
  };
  return { first, second, address1, address2, resolver };
}

// The resolver of the library waits by the clock of the machine, so these tests wait together.
describe.concurrent('servers that give no answer', () => {
  test.for<[how: string, reply: DnsReply]>([
    ['fails', { rcode: SERVFAIL }],
    ['refuses', { rcode: REFUSED }],
    ['is silent', 'silence'],
    ['answers with half a message', (query) => [query.subarray(0, 12)]],
  ])('the next is asked when one %s', async ([, reply], context) => {
    const { first, second, resolver } = await setUp(context);
    first.reply = () => reply;
    second.reply = (_name, type) => (type === A ? address : {});
    expect(await resolver().resolve('x.example')).toEqual(resolved);
    expect(first.questions).not.toEqual([]);
  });

  test('the next is asked when one is not there', async (context) => {
    const { second, address2, resolver } = await setUp(context);
    second.reply = (_name, type) => (type === A ? address : {});
    const servers = ['127.0.0.1:1', address2];
    expect(await resolver({ servers, timeout: 5_000 }).resolve('x.example')).toEqual(resolved);
  });

  test('one that is silent is asked again, one that failed is not', async (context) => {
    const { first, second, resolver } = await setUp(context);
    first.reply = () => 'silence';
    second.reply = () => ({ rcode: SERVFAIL });
    const failure = resolver({ tries: 2 }).resolve('x.example');
    await expect(failure).rejects.toMatchObject({ message: expect.stringContaining('SERVFAIL') });
    expect(first.questions).toHaveLength(4);
    expect(second.questions).toHaveLength(2);
  });

  test('a malformed answer ends only its own look-up', async (context) => {
    const { first, address1, resolver } = await setUp(context);
    first.reply = (name, type) => {
      if (name === 'slow.example') return type === A ? 'silence' : {};
      return (query) => [answerTo(query).subarray(0, -2)];
    };
    const patient = resolver({ servers: [address1] });
    const slow = patient.resolve('slow.example').catch((error: unknown) => error);
    await expect(patient.resolve('bad.example')).rejects.toMatchObject({ code: 'dns_timeout' });
    expect(await slow).toMatchObject({ message: expect.stringContaining('in time') });
  });
});
