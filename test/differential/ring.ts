import type { Input } from './inputs/input.ts';
import { judge, meaningOf } from './judge.ts';
import { meaningOfAnswer } from './judge-answers.ts';
import { withoutLeniencies } from './without-leniencies.ts';
import { type H11, startH11 } from './parsers/h11.ts';
import { parseWithLlhttp } from './parsers/llhttp.ts';
import type { Parsed } from './parsers/parsed.ts';
import { withReadableLine } from './parsers/readable.ts';
import { parseAnswerWithLlhttp } from './parsers/llhttp-answer.ts';
import { type InbandProxy, startInbandProxy, type Understood } from './proxies/inband.ts';
import type { Peer, Proxy } from './proxies/proxy.ts';
import type { AnswerReading, Finding, Judged, Trial } from './trial.ts';
import { exchange, type Outcome } from './wire/exchange.ts';
import { Patience } from './wire/patience.ts';
import { type Origin, startOrigin } from './wire/origin.ts';

/** Inputs that are under way at the same time; Squid listens on at most 128 ports, two for each. */
const LANES = 60;
const LANES_AGAIN = 12;
/** Milliseconds after which a proxy waits for more in any case. A second look has more of them. */
const PATIENCE = 3000;
const PATIENCE_AGAIN = 6000;
/** A peer that has not answered so many inputs in a row does not serve anybody any more. */
const STANDSTILL = LANES;

/** Told of every input: what is found, and the entries of the list that it needs. */
type Tell = (trial: Trial, findings: readonly Finding[], needed: readonly string[]) => void;

function isAlone({ kind }: Finding): boolean {
  return kind === 'accepted-alone' || kind === 'understood-alone';
}

/** Inband, its peers, the origin and the parsers, as long as a run takes. */
export class Ring {
  readonly peers: readonly Proxy[];
  readonly #inband: InbandProxy;
  readonly #origin: Origin;
  readonly #h11: H11;
  readonly #unanswered = new Map<Proxy, number>();

  private constructor(inband: InbandProxy, peers: readonly Proxy[], origin: Origin, h11: H11) {
    this.#inband = inband;
    this.peers = peers;
    this.#origin = origin;
    this.#h11 = h11;
  }

  static async open(peers: readonly Peer[]): Promise<Ring> {
    const origin = await startOrigin();
    const inband = await startInbandProxy(LANES);
    const h11 = startH11();
    const started: Proxy[] = [];
    const ring = new Ring(inband, started, origin, h11);
    try {
      for (const peer of peers) started.push(await peer.start(LANES));
    } catch (error) {
      await ring.close();
      throw error;
    }
    return ring;
  }

  async close(): Promise<void> {
    await Promise.all([...this.peers.map((peer) => peer.stop()), this.#inband.stop(), this.#h11.stop()]);
    await this.#origin.close();
  }

  /** Tries inputs, many at a time. Whatever is found is looked at once more, with more patience: a machine that halts is no finding. */
  async tryAll(inputs: Iterable<Input>, tell: Tell): Promise<void> {
    const doubtful: Input[] = [];
    await this.#share(inputs, LANES, PATIENCE, (trial, findings) => {
      if (findings.length > 0) doubtful.push(trial.input);
      else tell(trial, findings, []);
    });
    const alone: [Trial, readonly Finding[]][] = [];
    await this.#share(doubtful, LANES_AGAIN, PATIENCE_AGAIN, (trial, findings) => {
      if (findings.some(isAlone)) alone.push([trial, findings]);
      else tell(trial, findings, []);
    });
    await this.#explain(alone, tell);
  }

  /** An entry of the list explains a finding if that is gone without what the entry is about. */
  async #explain(alone: readonly (readonly [Trial, readonly Finding[]])[], tell: Tell): Promise<void> {
    const byInput = new Map(alone.map(([trial, findings]) => [withoutLeniencies(trial), { trial, findings }]));
    const gone = new Set<Input>();
    const tried = [...byInput.keys()].filter(({ needed }) => needed.length > 0).map(({ input }) => input);
    await this.#share(tried, LANES_AGAIN, PATIENCE_AGAIN, ({ input }, findings) => {
      if (!findings.some(isAlone)) gone.add(input);
    });
    for (const [{ needed, input }, { trial, findings }] of byInput) {
      const isExplained = gone.has(input);
      tell(trial, isExplained ? findings.filter((finding) => !isAlone(finding)) : findings, isExplained ? needed : []);
    }
  }

  async #share(
    inputs: Iterable<Input>,
    lanes: number,
    patience: number,
    tell: (trial: Trial, findings: readonly Finding[]) => void,
  ): Promise<void> {
    const iterator = inputs[Symbol.iterator]();
    // All that were under way have come and gone, and half as many again.
    const proxies = [this.#inband, ...this.peers];
    const patiences = new Map(proxies.map((proxy) => [proxy, new Patience(1.5 * lanes, patience)]));
    const work = async (lane: number): Promise<void> => {
      for (let next = iterator.next(); next.done !== true; next = iterator.next()) {
        const trial = await this.#try(next.value, lane, patiences);
        tell(trial, judge(trial));
      }
    };
    await Promise.all(Array.from({ length: lanes }, (_, lane) => work(lane)));
  }

  /** Sends an input to everybody. */
  async #try(input: Input, lane: number, patiences: ReadonlyMap<Proxy, Patience>): Promise<Trial> {
    const inband = this.#inband;
    inband.expect(lane, input.text);
    const ask = async (proxy: Proxy): Promise<Judged> => {
      const outcome = await exchange(input, proxy.way(lane, input.mode), this.#origin, patiences.get(proxy)!);
      return { ...outcome, meaning: meaningIn(input, outcome) };
    };
    const [ours, theirs] = await Promise.all([
      ask(inband),
      Promise.all(this.peers.map((peer) => this.#askPeer(peer, ask))),
    ]);
    const understood = await ended(inband, lane);
    const readings = await Promise.all(
      ours.connections.map(async ({ pieces }) => {
        const { method, readable } = withReadableLine(Buffer.concat(pieces));
        const [llhttp, h11] = await Promise.all([parseWithLlhttp(readable), this.#h11.parse(readable)]);
        return { llhttp: withMethod(llhttp, method), h11: withMethod(h11, method) };
      }),
    );
    const answer = input.answer === undefined ? undefined : await this.#readAnswer(input, ours);
    return { input, ours, understood, readings, answer, peers: new Map(theirs) };
  }

  async #readAnswer(input: Input, { heard }: Outcome): Promise<AnswerReading> {
    const methods = methodsOf(input);
    const h11 = await this.#h11.parseAnswers(heard, methods);
    const first = heard.subarray(0, h11.answers[0]?.length ?? heard.length);
    return { h11, llhttp: await parseAnswerWithLlhttp(first, methods[0] ?? 'GET') };
  }

  /** Starts a peer again when it has not answered anything for long: one of them can be brought to a standstill by an input. */
  async #askPeer(peer: Proxy, ask: (proxy: Proxy) => Promise<Judged>): Promise<[string, Judged]> {
    const outcome = await ask(peer);
    const unanswered = outcome.hung && outcome.status === 0 ? (this.#unanswered.get(peer) ?? 0) + 1 : 0;
    this.#unanswered.set(peer, unanswered);
    if (unanswered === STANDSTILL) await peer.restart();
    return [peer.name, outcome];
  }
}

function meaningIn(input: Input, outcome: Outcome): readonly string[] {
  if (input.answer === undefined) return meaningOf(outcome);
  return meaningOfAnswer(outcome.heard, methodsOf(input)[0] ?? 'GET');
}

/** Of the input's request and of the sentinel. */
function methodsOf({ text }: Input): readonly string[] {
  return [/^[A-Z]+/.exec(text)?.[0] ?? 'GET', 'GET'];
}

/** The method as it was before the parsers read it. */
function withMethod({ requests, error }: Parsed, method: string | undefined): Parsed {
  const [first, ...others] = requests;
  if (first === undefined || method === undefined) return { requests, error };
  return { requests: [{ ...first, method }, ...others], error };
}

/** Event-loop iterations for a session to end once its connections are closed. */
const LONGEST_END = 10_000;

async function ended(inband: InbandProxy, lane: number): Promise<readonly Understood[]> {
  for (let turn = 0; turn < LONGEST_END; turn += 1) {
    if (inband.understood(lane).every(({ record }) => record !== undefined)) break;
    await new Promise(setImmediate);
  }
  return [...inband.understood(lane)];
}
