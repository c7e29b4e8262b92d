import { type Case, expand, isLeftOut, loadCases, type Places } from '../../conformance/cases.ts';
import { mutate } from './mutate.ts';
import { Random } from './random.ts';

/** What a client sends to every proxy. Text is latin1: one character, one byte. */
export interface Input {
  readonly name: string;
  /** A request in absolute form is for a forward proxy, one in origin form for a reverse proxy. */
  readonly mode: 'forward' | 'reverse';
  readonly text: string;
  /** What the origin answers to the first request, if the input is about that. */
  readonly answer?: string;
  /** Where the sending pauses for a moment. */
  readonly cuts: readonly number[];
}

/** What all inputs name, whichever proxy they go to. Nobody looks it up: every proxy has its origin by configuration. */
export const HOST = 'origin.test:8080';
const PLACES: Places = {
  host: HOST,
  hostname: 'origin.test',
  port: 8080,
  proxy: 'proxy.test:3128',
  proxyPort: 3128,
  via: 'inband',
};

/** A case about thousands of requests, each an ordinary one. */
const MANY_REQUESTS = 'pipe-depth';

/** The cases of clients, as they are written and in the form of the other mode. */
function inputsOfCase({ id, bytes, mode = 'forward' }: Case): Input[] {
  const text = expand(bytes, PLACES);
  const written: Input = { name: id, mode, text, cuts: [] };
  const inOriginForm = text.replaceAll(`http://${HOST}/`, '/');
  if (mode === 'reverse' || inOriginForm === text) return [written];
  return [written, { name: `${id} in origin form`, mode: 'reverse', text: inOriginForm, cuts: [] }];
}

const GET = `GET http://${HOST}/ HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`;
/** One request that is answered, and no tunnel. */
const ANSWERED = /^(?:GET|HEAD|POST|PUT|OPTIONS) (?:(?!HTTP\/1\.)[^])*HTTP\/1\.[01]\r\n(?:(?!HTTP\/1\.)[^])*$/;

/** The cases of servers: an ordinary request, and what is answered to it. */
function inputsOfAnswer({ id, bytes, req }: Case): Input[] {
  const text = req === undefined ? GET : expand(req, PLACES);
  if (!ANSWERED.test(text)) return [];
  return [{ name: id, mode: 'forward', text, answer: expand(bytes, PLACES), cuts: [] }];
}

/** Longer cases are about limits. They are sent as they are, and not mutated. */
const LONGEST_SEED = 4096;
/** How many mutations begin with a case that is to be refused: few, since most of what is done to it is refused as well. */
const FROM_REFUSED = 0.25;
/** One in so many mutations is one of an answer. */
const ANSWERS_EVERY = 4;

/** The cases and their mutations: always the same for the same seed and cases. */
export class Inputs {
  readonly cases: readonly Input[];
  readonly #served: readonly Input[];
  readonly #refused: readonly Input[];
  readonly #answers: readonly Input[];
  readonly #seed: number;

  constructor(seed: number) {
    const meant = loadCases().filter((each) => !isLeftOut(each) && each.id !== MANY_REQUESTS);
    const {
      served = [],
      refused = [],
      answers = [],
    } = Object.groupBy(meant, ({ side, expect, usual = expect }) => {
      if (side === 'response') return 'answers';
      return usual.kind === 'forward' ? 'served' : 'refused';
    });
    const short = ({ text, answer = '' }: Input): boolean => text.length + answer.length <= LONGEST_SEED;
    this.cases = [...[...served, ...refused].flatMap(inputsOfCase), ...answers.flatMap(inputsOfAnswer)];
    this.#answers = answers.flatMap(inputsOfAnswer).filter(short);
    this.#served = served.flatMap(inputsOfCase).filter(short);
    this.#refused = refused.flatMap(inputsOfCase).filter(short);
    this.#seed = seed;
  }

  mutation(index: number): Input {
    const random = new Random(Math.imul(this.#seed, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b));
    if (index % ANSWERS_EVERY === 0) return this.#mutatedAnswer(index, random);
    const from = random.pick(random.chance(FROM_REFUSED) ? this.#refused : this.#served);
    const other = random.pick(this.#served);
    const text = mutate(from.text, other.mode === from.mode ? other.text : from.text, random);
    const cuts = random.chance(0.15) ? [1 + random.below(Math.max(1, text.length - 1))] : [];
    return { name: `mutation ${index} of ${from.name}`, mode: from.mode, text, cuts };
  }

  #mutatedAnswer(index: number, random: Random): Input {
    const [from, other] = [random.pick(this.#answers), random.pick(this.#answers)];
    const answer = mutate(from.answer ?? '', other.answer ?? '', random);
    return { ...from, name: `mutation ${index} of ${from.name}`, answer };
  }

  /** The cases, then `count` mutations of them. `short`: without the long cases, which take longer than all others together. */
  *all(count: number, short = false): Generator<Input> {
    for (const each of this.cases)
      if (!short || each.text.length + (each.answer?.length ?? 0) <= LONGEST_SEED) yield each;
    for (let index = 0; index < count; index += 1) yield this.mutation(index);
  }
}

/** What follows every input on its connection. A proxy that understood where the input ends passes it on as a message of its own. */
export const SENTINEL = '/sentinel';

export function sentinelFor({ mode }: Input): string {
  const target = mode === 'forward' ? `http://${HOST}${SENTINEL}` : SENTINEL;
  return `GET ${target} HTTP/1.1\r\nHost: ${HOST}\r\nConnection: close\r\n\r\n`;
}
