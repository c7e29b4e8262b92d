import {
  AdminError,
  type LogLevel,
  type MetricsText,
  type ProxyState,
  type QuestionName,
  type Questions,
  type Stats,
} from '@inband/admin';
import type { MessagePort } from 'node:worker_threads';
import type { MetricsView } from '../../metrics/show/metrics-view.ts';
import type { FromThread, ToThread } from '../messages/messages.ts';

/** Questions that wait for an answer at one time. */
const MOST = 64;
/** Milliseconds for an answer. */
const LIMIT = 2_000;
/** Of questions that take longer. A reload loads modules, resolves names of zones and asks every worker twice; an explanation resolves names. A push waits for every member. */
const LIMITS: Partial<Record<QuestionName, number>> = {
  reload: 90_000,
  'change-config': 90_000,
  'drop-overlay': 90_000,
  explain: 35_000,
  'pushed-version': 10_000,
  push: 150_000,
  promote: 150_000,
  rollback: 150_000,
};

/** Of {@link MOST} that may be one of these, so that names which nobody answers do not keep an operator from what is urgent. */
const MOST_LONG = 16;

interface Waiting {
  readonly question: QuestionName;
  readonly settle: (message: Extract<ToThread, { type: 'answer' }>) => void;
}

/** The proxy, by messages to the thread that owns this one. */
export class PortState implements ProxyState {
  readonly #port: Pick<MessagePort, 'postMessage'>;
  readonly #waiting = new Map<number, Waiting>();
  /** Questions without an argument, which only read: whoever asks meanwhile gets the same answer. */
  readonly #shared = new Map<QuestionName, Promise<unknown>>();
  readonly #view: MetricsView | undefined;
  #lastId = 0;

  /** `view`: what is counted; undefined where nothing is. */
  constructor(port: Pick<MessagePort, 'postMessage'>, view?: MetricsView) {
    this.#view = view;
    this.#port = port;
  }

  ask<Name extends QuestionName>(
    question: Name,
    argument: Questions[Name]['argument'],
  ): Promise<Questions[Name]['answer']> {
    if (argument !== undefined) return this.#ask(question, argument);
    const known = this.#shared.get(question);
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what was asked by this name has the answer of this name
    if (known !== undefined) return known as Promise<Questions[Name]['answer']>;
    const asked = this.#ask(question, argument).finally(() => this.#shared.delete(question));
    this.#shared.set(question, asked);
    return asked;
  }

  metrics(accept: string | undefined): MetricsText {
    return this.#counted().expose(accept);
  }

  stats(): Stats {
    return this.#counted().stats();
  }

  #counted(): MetricsView {
    if (this.#view !== undefined) return this.#view;
    const detail = 'Counting begins with the program: it was started without "admin" and "metrics". Restart it.';
    throw new AdminError({ status: 503, title: 'Nothing is counted', detail, setting: 'metrics' });
  }

  log(level: LogLevel, fields: object, message: string): void {
    this.#post({ type: 'log', level, fields, message });
  }

  /** Takes the answer to a question. */
  answered(message: Extract<ToThread, { type: 'answer' }>): void {
    this.#waiting.get(message.id)?.settle(message);
  }

  async #ask<Name extends QuestionName>(
    question: Name,
    argument: Questions[Name]['argument'],
  ): Promise<Questions[Name]['answer']> {
    // What is shared is asked once at a time, and waits for nobody else: above all whether the proxy is ready.
    if (argument !== undefined && this.#waiting.size >= MOST) {
      throw busy(`${MOST} questions wait for the proxy; ask less often.`);
    }
    if (Object.hasOwn(LIMITS, question) && this.#alike(question) >= MOST_LONG) {
      throw busy(`${MOST_LONG} such questions wait for the proxy; ask less often.`);
    }
    const id = (this.#lastId += 1);
    const limit = LIMITS[question] ?? LIMIT;
    const { promise, resolve, reject } = Promise.withResolvers<Questions[Name]['answer']>();
    const timer = setTimeout(() => reject(busy(`The proxy did not answer within ${limit / 1_000} s.`)), limit);
    this.#waiting.set(id, {
      question,
      settle: ({ answer, problem }) => {
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the owner answers a question by its table of answers
        if (problem === undefined) resolve(answer as Questions[Name]['answer']);
        else reject(new AdminError(problem));
      },
    });
    try {
      // It throws for what is nested too deeply.
      this.#post({ type: 'question', id, question, argument });
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(id);
    }
  }

  #alike(question: QuestionName): number {
    return [...this.#waiting.values()].filter((one) => one.question === question).length;
  }

  #post(message: FromThread): void {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- this is a thread, and no window
    this.#port.postMessage(message);
  }
}

function busy(detail: string): AdminError {
  return new AdminError({ status: 503, title: 'The proxy is busy', detail });
}
