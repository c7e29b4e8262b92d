/**
 * Sends what it reads from standard input through a proxy: a list of attempts as JSON. Prints for each what came back, as a line of JSON.
 */
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { connect as connectTls } from 'node:tls';

export interface Attempt {
  readonly name: string;
  /** The head of a request. */
  readonly head: string;
  /** What follows the answer to CONNECT: a ClientHello for this name, or these bytes. */
  readonly hello?: string;
  readonly bytes?: string;
}

export interface Outcome {
  readonly name: string;
  readonly answer: string;
  /** What came behind the answer to CONNECT, and whether TLS was established. */
  readonly behind: string;
}

const PROXY = { host: '10.0.0.1', port: 3128 };

function attempt({ name, head, hello, bytes }: Attempt): Promise<Outcome> {
  return new Promise((done) => {
    const socket = connect(PROXY, () => void socket.write(head));
    const outcome = { name, answer: '', behind: '' };
    socket.on('error', () => undefined);
    socket.on('close', () => done(outcome));
    socket.once('data', (first) => {
      outcome.answer = first.toString('latin1');
      if (hello === undefined) {
        socket.on('data', (more) => (outcome.behind += more.toString('latin1')));
        if (bytes === undefined) socket.end();
        else socket.write(bytes);
        return;
      }
      const secure = connectTls({ socket, servername: hello, rejectUnauthorized: false });
      secure.on('secureConnect', () => {
        outcome.behind = 'TLS';
        secure.destroy();
      });
      secure.on('error', () => socket.destroy());
    });
  });
}

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- of the test
const attempts = JSON.parse(await text(process.stdin)) as readonly Attempt[];
for (const one of attempts) process.stdout.write(`${JSON.stringify(await attempt(one))}\n`);
