import {
  AdminError,
  type AdminOptions,
  type Certificate,
  type Certificates,
  type Problem,
  type Questions,
} from '@inband/admin';
import { ProxyError } from '@inband/core';
import { certificatesOf, keptCertificates } from './certificates.ts';
import { changeConfig, configAnswer, dropOverlay, overlayAnswer } from './config-answers.ts';
import { ConfigError } from '../config/problem/problem.ts';
import type { AdminOwner, Configured } from './owner.ts';
import type { Outcome } from './questions/process-question.ts';
import { problemOf, questionNamed } from './questions/process-questions.ts';
import { promote, push, pushedConfig, pushedVersion, rollback } from './push-answers.ts';
import { orderServer } from './order-server.ts';
import { countFailedLogin, restoreToken, revoke, revokedAnswer } from './revoked-answers.ts';
import { routesAnswer } from './routes-answer.ts';

/** Milliseconds. Names are resolved for it. */
const LONGEST_EXPLANATION = 32_000;
/** Milliseconds for a process to list its certificates. */
const LONGEST_LIST = 1_500;

/** What the owner answers itself, without its processes. An endpoint has checked the argument. */
const OF_OWNER: {
  readonly [Name in OwnQuestion]: (owner: AdminOwner, argument: Questions[Name]['argument']) => unknown;
} = {
  health: (owner) => owner.health(),
  cluster: (owner) => owner.cluster.status(),
  'cluster-sessions': (owner, query) => owner.cluster.sessions(query),
  'order-server': orderServer,
  reload: async (owner, { by }) => {
    const reloaded = await owner.reload(by);
    const { pushed } = owner.changes.overlays;
    return pushed === undefined ? reloaded : { ...reloaded, pushed };
  },
  drain: (owner, { by }) => owner.drain(by),
  routes: (owner) => routesAnswer(configured(owner)),
  explain: async (owner, asked) => answerIn(await owner.askOne('explain', asked, LONGEST_EXPLANATION)),
  config: (owner) => configAnswer(owner),
  'change-config': changeConfig,
  'drop-overlay': dropOverlay,
  overlay: overlayAnswer,
  'pushed-config': (owner) => pushedConfig(owner),
  'pushed-version': pushedVersion,
  push,
  promote,
  rollback,
  revoked: revokedAnswer,
  revoke,
  'restore-token': restoreToken,
  'wrong-login': countFailedLogin,
};

type OwnQuestion =
  | 'health'
  | 'cluster'
  | 'cluster-sessions'
  | 'order-server'
  | 'reload'
  | 'drain'
  | 'routes'
  | 'explain'
  | 'config'
  | 'change-config'
  | 'drop-overlay'
  | 'overlay'
  | 'pushed-config'
  | 'pushed-version'
  | 'push'
  | 'promote'
  | 'rollback'
  | 'revoked'
  | 'revoke'
  | 'restore-token'
  | 'wrong-login';

interface HostDeps {
  readonly owner: AdminOwner;
  /** Of the admin server itself. */
  readonly options: () => AdminOptions | undefined;
}

function isOwn(question: string): question is OwnQuestion {
  return Object.hasOwn(OF_OWNER, question);
}

function answerIn(outcome: Outcome | undefined): unknown {
  if (outcome !== undefined && 'answer' in outcome) return outcome.answer;
  throw new AdminError(outcome?.problem ?? { status: 503, title: 'No process answers' });
}

function configured(owner: AdminOwner): Configured {
  const found = owner.configured();
  if (found === undefined) throw new AdminError({ status: 503, title: 'The proxy is starting' });
  return found;
}

/** Answers what the admin API asks: from the owner, or from all processes that serve clients. */
export class AdminHost {
  readonly #deps: HostDeps;

  constructor(deps: HostDeps) {
    this.#deps = deps;
  }

  /** The certificates of the admin server and of listeners. */
  async #certificates(): Promise<Certificates> {
    const { owner, options } = this.#deps;
    const own = certificatesOf(options());
    const acme = keptCertificates(owner.acme());
    if (owner.configured()?.parsed.tls === undefined) return { certificates: own, acme };
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it is what the question answers
    const others = answerIn(await owner.askOne('certificates', undefined, LONGEST_LIST)) as Certificate[];
    return { certificates: [...own, ...others], acme };
  }

  /** Never rejects. */
  async answer(question: string, argument: unknown): Promise<Outcome> {
    try {
      if (question === 'certificates') return { answer: await this.#certificates() };
      if (isOwn(question)) {
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the endpoint of the question has checked it
        const own = OF_OWNER[question] as (owner: AdminOwner, argument: unknown) => unknown;
        return { answer: await own(this.#deps.owner, argument) };
      }
      const answers = await this.#deps.owner.askAll(question, argument);
      return { answer: questionNamed(question)?.merge(answers, argument) };
    } catch (error) {
      return { problem: isRefusal(error) ? refused(error) : problemOf(error) };
    }
  }
}

/** The configuration is wrong, or what it asks for is not to be had: an address that is taken, a file that cannot be read. */
function isRefusal(error: unknown): error is ProxyError {
  return error instanceof ProxyError && error.code === 'proxy_configuration_error';
}

function refused(error: ProxyError): Problem {
  const title = 'The configuration is refused; nothing has changed';
  if (!(error instanceof ConfigError)) {
    return { status: 422, title, detail: error.message, problems: [error.message] };
  }
  const { problems, placed } = error;
  const [first] = placed;
  return {
    status: 422,
    title,
    ...(first !== undefined && { detail: first.message }),
    ...(first?.path !== undefined && { setting: first.path }),
    problems,
  };
}
