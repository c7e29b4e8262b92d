/** The thread in which a PAC file runs. It answers one question after the other. */
import { readFile } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { fileURLToPath } from 'node:url';
import type { Outcome, Question, Reply, ThreadData } from '../base/messages.ts';
import { PacError } from '../base/pac-error.ts';
import { Sandbox, type SandboxDeps } from './sandbox.ts';

class Files {
  readonly #deps: SandboxDeps;
  #text = '';
  #sandbox: Sandbox | undefined = undefined;

  constructor(deps: SandboxDeps) {
    this.#deps = deps;
  }

  async answer(question: Question): Promise<Reply> {
    if (question.type === 'load') return { outcome: await this.load(question.text), alerts: [] };
    const hasServed = this.#sandbox?.hasServed === true;
    const reply = await this.#find(question);
    // Memory that a file has lost in earlier calls is no fault of this one.
    return hasServed && this.#sandbox?.isSpent === true ? this.#find(question) : reply;
  }

  /** The file before stays where the new one has an error. */
  async load(text: string): Promise<Outcome> {
    try {
      const sandbox = await Sandbox.load(text, this.#deps);
      this.#sandbox?.close();
      this.#sandbox = sandbox;
      this.#text = text;
      return { type: 'loaded' };
    } catch (error) {
      if (!(error instanceof PacError)) throw error;
      return { type: 'failed', kind: error.kind, message: error.message };
    }
  }

  async #find({ url, host, names }: Question & { readonly type: 'find' }): Promise<Reply> {
    const outcome = this.#sandbox?.isSpent === false ? LOADED : await this.load(this.#text);
    if (this.#sandbox === undefined || outcome.type !== 'loaded') return { outcome, alerts: [] };
    return this.#sandbox.find(url, host, names);
  }
}

const LOADED: Outcome = { type: 'loaded' };

function ownAddresses(): string[] {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return all.filter(({ internal, scopeid }) => !internal && (scopeid ?? 0) === 0).map(({ address }) => address);
}

function processorTime(): number {
  const { user, system } = process.threadCpuUsage();
  return user + system;
}

const wasm = await readFile(fileURLToPath(import.meta.resolve('quickjs-wasi/quickjs.wasm')));
const files = new Files({ wasm, ownAddresses, processorTime });

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- `PacThread` makes it
const { text } = workerData as ThreadData;
if (text !== undefined) await files.load(text);

// What rejects ends the thread, and its owner starts another one.
parentPort?.on('message', (question: Question) => {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- this is a thread, and no window
  void files.answer(question).then((reply: Reply) => parentPort?.postMessage(reply));
});
