import { connect, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { fieldOf, type Message, MessageReader } from '../conformance/wire/message-reader.ts';
import { type Form, formsOf } from './forms.ts';
import { malformed } from './malformed.ts';
import type { Random } from './random.ts';
import { bodyOf } from './soak-origin.ts';
import { USERS, type Way } from './ways.ts';

/** What came of all exchanges of all clients. */
export interface Tally {
  exchanges: number;
  /** By what was to come of them, and did. */
  regular: number;
  mended: number;
  refused: number;
  aborted: number;
  malformed: number;
  /** Requests with a wrong login, which were refused. */
  strangers: number;
  /** Requests that were asked again, because the tunnel had ended. */
  raced: number;
  /** Answers that were read slowly. */
  slow: number;
  /** Answers, or parts of some, that belong to another exchange: none may. */
  readonly crossTalk: string[];
  /** Anything else that was not as it should be. */
  readonly problems: string[];
}

/** No answer takes so long, in milliseconds, however busy the machine is. */
const PATIENCE = 60_000;
/** Milliseconds after which nothing is expected to come of a malformed request. */
const MOMENT = 100;
const SIZES = [1, 20, 300, 5_000, 40_000];
/** Rarely, because each is as much work as a hundred others. */
const LARGE = 400_000;
const METHODS = ['GET', 'GET', 'GET', 'HEAD', 'POST', 'PUT'];

/** What one exchange is to be. */
interface Plan {
  readonly id: string;
  readonly method: string;
  readonly size: number;
  readonly form: Form;
  readonly index: number;
  /** The user of a login, or a wrong one. */
  readonly user: string | undefined;
  readonly what: string;
}

/**
 * A client that asks one thing after the other over connections that it keeps, and checks that each answer is its own: head, body,
 * trailer section, user, and nothing behind it. Some requests it breaks off, some it makes malformed, and some answers it reads slowly.
 */
export class SoakClient {
  readonly #way: Way;
  readonly #port: number;
  readonly #origin: number;
  readonly #random: Random;
  readonly #tally: Tally;
  readonly #user: string;
  #socket: Socket | undefined = undefined;
  #reader = new MessageReader('response');
  /** Exchanges so far. */
  #asked = 0;
  #changed: () => void = () => {};
  #ended = false;

  /** `port` is where the way begins, `origin` where it leads. */
  constructor(way: Way, port: number, origin: number, random: Random, tally: Tally) {
    this.#way = way;
    this.#port = port;
    this.#origin = origin;
    this.#random = random;
    this.#tally = tally;
    this.#user = random.of(USERS);
  }

  /** One exchange; `id` is nobody else's. */
  async exchange(id: string): Promise<void> {
    this.#tally.exchanges += 1;
    this.#asked += 1;
    const plan = this.#plan(id);
    const isKept = this.#socket !== undefined && !this.#ended;
    const socket = isKept ? this.#socket : await this.#connect();
    if (socket === undefined) return void this.#tally.problems.push(`${plan.what}: there was no tunnel`);
    this.#reader = new MessageReader('response', [plan.method]);
    if (this.#random.chance(0.01)) return this.#sendMalformed(socket, plan);
    if (this.#random.chance(0.02)) return this.#breakOff(socket, plan);
    const isSlow = plan.size >= LARGE || this.#random.chance(0.01);
    await this.#ask(socket, plan, isSlow);
    // A tunnel that is kept may end at the moment in which it is used again, as every connection may. Others end only when they say so.
    if (isKept && this.#way.isTunnel === true && this.#ended && this.#reader.messages.length === 0) {
      this.#tally.raced += 1;
      this.close();
      const another = await this.#connect();
      if (another !== undefined) await this.#ask(another, plan, false);
    }
    this.#judge(plan);
  }

  async #ask(socket: Socket, plan: Plan, isSlow: boolean): Promise<void> {
    this.#reader = new MessageReader('response', [plan.method]);
    await this.#send(socket, this.#requestOf(plan));
    if (isSlow) await this.#readSlowly(socket);
    await this.#answered(socket, PATIENCE);
  }

  close(): void {
    this.#socket?.destroy();
    this.#socket = undefined;
  }

  #plan(id: string): Plan {
    const random = this.#random;
    const { isOpaque = false } = this.#way;
    const size = random.chance(0.002) ? LARGE : random.of(SIZES);
    const forms = formsOf(id, bodyOf(id, size));
    const regular = forms.filter(({ outcome, behind }) => outcome === 'regular' && (behind === undefined || !isOpaque));
    // Half of them regular, so that connections to the server are used again.
    const form = random.of(isOpaque || random.chance(0.5) ? regular : forms);
    const method = form.needsBody === true ? 'GET' : random.of(METHODS);
    // Each that logs in does so once with a wrong login, at least, because how many exchanges it has is chance.
    const isStranger = random.chance(0.02) || this.#asked === 2;
    const user = this.#way.isLoggedIn === true ? (isStranger ? 'mallory' : this.#user) : undefined;
    const what = `${this.#way.name}: ${method} ${id} (${form.name}, ${size} bytes)`;
    return { id, method, size, form, index: forms.indexOf(form), user, what };
  }

  /** The head, and the pieces of the body. */
  #requestOf({ id, method, size, index, user }: Plan): string[] {
    const origin = `127.0.0.1:${this.#origin}`;
    const path = `/${id}/${index}/${size}`;
    const target = this.#way.asks === 'url' ? `http://${origin}${path}` : path;
    const login = user === undefined ? '' : `Proxy-Authorization: Basic ${btoa(`${user}:${user}`)}\r\n`;
    const head = `${method} ${target} HTTP/1.1\r\nHost: ${origin}\r\nX-Nonce: ${id}\r\n${login}`;
    if (method !== 'POST' && method !== 'PUT') return [`${head}\r\n`];
    const body = bodyOf(id, this.#random.of([1, 100, 3_000, 30_000]));
    if (this.#random.chance(0.5)) return [`${head}Content-Length: ${body.length}\r\n\r\n`, ...this.#cut(body)];
    const chunks = this.#cut(body).map((piece) => `${piece.length.toString(16)}\r\n${piece}\r\n`);
    return [`${head}Transfer-Encoding: chunked\r\n\r\n`, ...chunks, `0\r\nX-Sent: ${id}\r\n\r\n`];
  }

  #cut(body: string): string[] {
    const pieces: string[] = [];
    let from = 0;
    while (from < body.length) {
      const length = 1 + Math.floor(this.#random.next() * Math.min(body.length - from, 8_000));
      pieces.push(body.slice(from, from + length));
      from += length;
    }
    return pieces;
  }

  /** All at once, or in pieces that arrive one after the other. */
  async #send(socket: Socket, pieces: readonly string[]): Promise<void> {
    if (!this.#random.chance(0.1)) return void socket.write(pieces.join(''), 'latin1');
    for (const piece of pieces.slice(0, 5)) {
      socket.write(piece, 'latin1');
      await wait(1);
    }
    if (pieces.length > 5) socket.write(pieces.slice(5).join(''), 'latin1');
  }

  async #readSlowly(socket: Socket): Promise<void> {
    this.#tally.slow += 1;
    for (let times = 0; times < 3; times += 1) {
      socket.pause();
      await wait(5);
      socket.resume();
      await wait(1);
    }
  }

  /** The request, or the answer, ends in the middle. */
  async #breakOff(socket: Socket, plan: Plan): Promise<void> {
    const whole = this.#requestOf(plan).join('');
    const isCut = this.#random.chance(0.5);
    socket.write(isCut ? whole.slice(0, Math.floor(this.#random.next() * whole.length)) : whole, 'latin1');
    await wait(isCut ? 1 : 3);
    this.#checkOwn(plan);
    this.#tally.aborted += 1;
    this.close();
  }

  async #sendMalformed(socket: Socket, plan: Plan): Promise<void> {
    socket.write(malformed(this.#requestOf(plan).join(''), this.#random), 'latin1');
    await this.#answered(socket, MOMENT);
    // It may have been made into something else that is right, and so have an answer; then it is its own. What is left of its body is a
    // request then, which has an answer, too.
    this.#checkOwn(plan, true);
    this.#tally.malformed += 1;
    this.close();
  }

  #judge(plan: Plan): void {
    const { id, form, method, size, user, what } = plan;
    const tally = this.#tally;
    this.#checkOwn(plan);
    const [answer] = this.#reader.complete;
    const isPassed = answer !== undefined && fieldOf(answer, 'x-id') === id;
    if (user === 'mallory') {
      // The second is for who guesses too often.
      if (answer?.status === 407 || answer?.status === 429) tally.strangers += 1;
      else tally.problems.push(`${what}: a stranger was answered with ${answer?.startLine}`);
    } else if (form.outcome === 'refused' ? isPassed : !isPassed) {
      tally.problems.push(`${what} was answered with ${answer === undefined ? 'nothing whole' : shown(answer)}`);
    } else tally[form.outcome] += 1;
    if (isPassed) this.#checkContent(answer, method === 'HEAD' ? '' : bodyOf(id, size), what);
    if (this.#ended || answer === undefined || fieldOf(answer, 'connection') === 'close') this.close();
  }

  async #connect(): Promise<Socket | undefined> {
    const socket = connect({ port: this.#port, host: '127.0.0.1', noDelay: true });
    this.#socket = socket;
    this.#ended = false;
    socket.on('error', () => {});
    if (!(await this.#enter(socket))) {
      this.close();
      return undefined;
    }
    socket.on('data', (bytes: Buffer) => {
      this.#reader.push(bytes);
      this.#changed();
    });
    const over = (): void => {
      if (this.#socket !== socket) return;
      this.#ended = true;
      this.#changed();
    };
    socket.on('end', () => {
      if (this.#socket === socket) this.#reader.end();
      over();
    });
    socket.on('close', over);
    socket.resume();
    return socket;
  }

  /** Opens the tunnel, where the way is one. */
  async #enter(socket: Socket): Promise<boolean> {
    const { asks } = this.#way;
    if (asks === 'path' || asks === 'url') return true;
    if (asks === 'tunnel') {
      const host = `127.0.0.1:${this.#origin}`;
      socket.write(`CONNECT ${host} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
      return (await firstBytes(socket, '\r\n\r\n')).startsWith('HTTP/1.1 200');
    }
    socket.write(Buffer.from([5, 1, 0]));
    if ((await firstBytes(socket, '\x05\x00')) === '') return false;
    socket.write(Buffer.from([5, 1, 0, 1, 127, 0, 0, 1, this.#origin >> 8, this.#origin & 255]));
    return (await firstBytes(socket, '\x05\x00')) !== '';
  }

  /** Until the answer is whole, or no more of it will come, or for so many milliseconds. */
  #answered(socket: Socket, milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        if (milliseconds === PATIENCE) this.#tally.problems.push('an exchange did not come to its end');
        socket.destroy();
      }, milliseconds);
      this.#changed = () => {
        if (!this.#ended && this.#reader.problem === undefined && this.#reader.complete.length === 0) return;
        clearTimeout(timer);
        this.#changed = () => {};
        resolve();
      };
      this.#changed();
    });
  }

  /** Everything that came, whole or not, is of this exchange or of the proxy itself. */
  #checkOwn({ id, user, what }: Plan, isMalformed = false): void {
    const { messages, problem } = this.#reader;
    const { crossTalk, problems } = this.#tally;
    if (problem !== undefined) problems.push(`${what}: ${problem}`);
    const { complete } = this.#reader;
    if (complete.length > 1 && !isMalformed) {
      crossTalk.push(`${what} got several answers: ${complete.map(shown).join(', ')}`);
    }
    for (const message of messages) {
      const said = [fieldOf(message, 'x-id'), fieldOf(message, 'link'), /x-t: (.*)\r/i.exec(message.trailer)?.[1]];
      const others = said.filter((other) => other !== undefined && other !== id);
      if (others.length > 0) crossTalk.push(`${what} got what belongs to ${others.join()}`);
      const by = fieldOf(message, 'x-user');
      if (by !== undefined && by !== user) crossTalk.push(`${what} by ${user} was asked as ${by}`);
    }
  }

  #checkContent({ status, body }: Message, expected: string, what: string): void {
    if (body !== (status === 204 ? '' : expected)) this.#tally.crossTalk.push(`${what} got another body`);
  }
}

function shown({ startLine, body }: Message): string {
  return `${startLine}: ${body.slice(0, 300)}`;
}

/** What comes until `end` has come; nothing if it does not. */
function firstBytes(socket: Socket, end: string): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    const done = (result: string): void => {
      clearTimeout(timer);
      socket.off('data', read);
      socket.off('close', closed);
      socket.pause();
      resolve(result);
    };
    const closed = (): void => done('');
    const read = (bytes: Buffer): void => {
      text += bytes.toString('latin1');
      if (text.includes(end)) done(text);
    };
    const timer = setTimeout(closed, PATIENCE);
    socket.on('data', read);
    socket.on('close', closed);
    socket.resume();
  });
}
