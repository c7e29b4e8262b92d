import { type JSValueHandle, JSException, QuickJS } from 'quickjs-wasi';
import {
  LONGEST_ALERT,
  LONGEST_CALL,
  LONGEST_LOAD,
  MOST_ALERTS,
  MOST_ANSWER,
  MOST_MEMORY,
  MOST_STACK,
} from '../base/limits.ts';
import type { KnownNames, Outcome, Reply } from '../base/messages.ts';
import { PacError } from '../base/pac-error.ts';
import { addressFunctions } from './address-functions.ts';
import { nameFunctions } from './name-functions.ts';
import { sourceOf, type StandardFunctions } from './standard-functions.ts';
import { timeFunctions } from './time-functions.ts';

export interface SandboxDeps {
  /** QuickJS as WebAssembly. */
  readonly wasm: Uint8Array;
  readonly ownAddresses: () => readonly string[];
  /** Microseconds of processor time that this thread has used. */
  readonly processorTime: () => number;
}

const NO_NAMES: KnownNames = new Map();

/**
 * A PAC file in an engine of its own. It has what the language has and the standard functions, nothing of this process, and
 * {@link MOST_MEMORY} and {@link LONGEST_CALL}. Its global variables live from call to call, as in browsers. After a
 * call that failed it is not called again: what it has left behind is not known.
 */
export class Sandbox {
  readonly #vm: QuickJS;
  readonly #deadline: { at: number };
  readonly #processorTime: () => number;
  #names: KnownNames = NO_NAMES;
  /** The name that the file has asked for, and that is not known. */
  #needed: string | undefined = undefined;
  #alerts: string[] = [];
  /** What functions of this process have returned in a call. The engine does not give it back. */
  #returned: JSValueHandle[] = [];
  #isSpent = false;
  #hasServed = false;

  private constructor(vm: QuickJS, deadline: { at: number }, { ownAddresses, processorTime }: SandboxDeps) {
    this.#vm = vm;
    this.#deadline = deadline;
    this.#processorTime = processorTime;
    this.#native(vm.global, 'alert', (text) => this.#alert(text));
    const natives = this.#vm.newObject();
    this.#native(natives, 'lookUp', (name) => this.#lookUp(name));
    this.#native(natives, 'ownAddresses', () => ownAddresses());
    for (const functions of [nameFunctions, addressFunctions, timeFunctions]) this.#install(functions, natives);
    natives.dispose();
  }

  /** Makes an engine with a file in it. Rejects with a {@link PacError} of kind `text` or `limit`. */
  static async load(text: string, deps: SandboxDeps): Promise<Sandbox> {
    const { wasm, processorTime } = deps;
    const deadline = { at: Infinity };
    const interruptHandler = (): boolean => processorTime() > deadline.at;
    const vm = await QuickJS.create({ wasm, memoryLimit: MOST_MEMORY, maxStackSize: MOST_STACK, interruptHandler });
    const sandbox = new Sandbox(vm, deadline, deps);
    const problem = sandbox.#evaluate(text);
    if (problem === undefined) return sandbox;
    sandbox.close();
    throw problem;
  }

  /** Whether it may not be called again. */
  get isSpent(): boolean {
    return this.#isSpent;
  }

  /** Bytes that the file and the engine use. */
  get memory(): number {
    return this.#vm.getAllocatedSize();
  }

  /** Whether it has been asked before. */
  get hasServed(): boolean {
    return this.#hasServed;
  }

  /** Asks the file. `names`: those that it has asked for. */
  find(url: string, host: string, names: KnownNames): Reply {
    this.#names = names;
    this.#needed = undefined;
    this.#alerts = [];
    const outcome = this.#find(url, host);
    this.#hasServed = true;
    return { outcome, alerts: this.#alerts };
  }

  close(): void {
    this.#vm.dispose();
  }

  #find(url: string, host: string): Outcome {
    this.#deadline.at = this.#processorTime() + LONGEST_CALL;
    const vm = this.#vm;
    const args = [vm.newString(url), vm.newString(host)];
    const find = vm.evalCode('FindProxyForURL');
    try {
      const outcome = vm.callFunction(find, vm.undefined, ...args).consume(outcomeOf);
      // A file may catch what tells that a name is not known.
      return this.#needed === undefined ? outcome : { type: 'needs', name: this.#needed };
    } catch (error) {
      const failure = failureOf(error, LONGEST_CALL);
      this.#isSpent = failure.kind === 'limit';
      if (this.#needed !== undefined && !this.#isSpent) return { type: 'needs', name: this.#needed };
      return { type: 'failed', ...failure };
    } finally {
      for (const handle of [...args, find, ...this.#returned]) handle.dispose();
      this.#returned = [];
    }
  }

  #evaluate(text: string): PacError | undefined {
    this.#deadline.at = this.#processorTime() + LONGEST_LOAD;
    try {
      this.#vm.evalCode(text, 'the file').dispose();
      const kind = this.#vm.evalCode('typeof FindProxyForURL').consume((handle) => handle.toString());
      return kind === 'function' ? undefined : new PacError('text', 'it has no function FindProxyForURL.');
    } catch (error) {
      const { kind, message } = failureOf(error, LONGEST_LOAD);
      return new PacError(kind === 'limit' ? 'limit' : 'text', message);
    }
  }

  #install(functions: StandardFunctions, natives: JSValueHandle): void {
    const vm = this.#vm;
    const install = vm.evalCode(sourceOf(functions));
    vm.callFunction(install, vm.undefined, natives).dispose();
    install.dispose();
  }

  /** A function of this process that returns texts, or undefined. What it throws is thrown in the engine. */
  #native(of: JSValueHandle, name: string, call: (argument: string) => readonly string[] | undefined): void {
    const vm = this.#vm;
    const made = vm.newFunction(name, (argument) => {
      const value = call(argument?.toString() ?? '');
      if (value === undefined) return vm.undefined;
      const returned = vm.hostToHandle([...value]);
      this.#returned.push(returned);
      return returned;
    });
    vm.setProp(of, name, made);
    made.dispose();
  }

  #lookUp(name: string): readonly string[] {
    const known = this.#names.get(name);
    if (known !== undefined) return known;
    this.#needed ??= name;
    const error = new Error('the addresses of this name are not known yet');
    // The file could read it.
    error.stack = '';
    throw error;
  }

  #alert(text: string): undefined {
    if (this.#alerts.length < MOST_ALERTS) this.#alerts.push(text.slice(0, LONGEST_ALERT));
  }
}

/** What FindProxyForURL returned. null stands for a direct connection, as it always has. */
function outcomeOf(value: JSValueHandle): Outcome {
  if (value.isNull || value.isUndefined) return { type: 'answer', text: 'DIRECT' };
  if (!value.isString)
    return { type: 'failed', kind: 'answer', message: 'FindProxyForURL returned something that is no text.' };
  const text = value.toString();
  if (text.length <= MOST_ANSWER) return { type: 'answer', text };
  return { type: 'failed', kind: 'answer', message: `FindProxyForURL returned ${text.length} characters.` };
}

/** Also gives back what the error holds of the engine. */
function failureOf(error: unknown, longest: number): { readonly kind: 'answer' | 'limit'; readonly message: string } {
  if (!(error instanceof JSException)) throw error;
  const { name, message, stack = '' } = error;
  error.dispose();
  if (name === 'InternalError' && message === 'interrupted')
    return { kind: 'limit', message: `it took longer than ${longest / 1_000} ms of processor time.` };
  if (name === 'InternalError' && message === 'out of memory')
    return { kind: 'limit', message: `it took more than ${MOST_MEMORY >> 20} MiB of memory.` };
  const [, line] = /the file:(\d+)/.exec(stack) ?? [];
  const at = line === undefined ? '' : ` in line ${line}`;
  return { kind: 'answer', message: `it threw ${name}: ${message.slice(0, LONGEST_ALERT)}${at}.` };
}
