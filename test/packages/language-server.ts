import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from './packed.ts';

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: unknown;
  readonly result?: unknown;
}

interface Hover {
  readonly contents: string | { readonly value: string };
}

/** The language server of TypeScript, as an editor talks to it: JSON-RPC over standard input and output. */
export class LanguageServer {
  readonly #process: ChildProcess;
  readonly #waiting = new Map<number, (result: unknown) => void>();
  #unread = Buffer.alloc(0);
  #lastId = 0;

  private constructor(process: ChildProcess) {
    this.#process = process;
    process.stdout?.on('data', (bytes: Buffer) => this.#read(bytes));
  }

  /** Starts one for a folder. */
  static async start(folder: string): Promise<LanguageServer> {
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    const child = spawn(process.execPath, [tsc, '--lsp', '--stdio'], {
      cwd: folder,
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    const server = new LanguageServer(child);
    const capabilities = { textDocument: { hover: { contentFormat: ['plaintext'] } } };
    await server.#ask('initialize', { processId: process.pid, rootUri: pathToFileURL(folder).href, capabilities });
    server.#send({ method: 'initialized', params: {} });
    return server;
  }

  /** Opens a file, as an editor shows it. */
  async open(file: string): Promise<string> {
    const text = await readFile(file, 'utf8');
    const uri = pathToFileURL(file).href;
    this.#send({
      method: 'textDocument/didOpen',
      params: { textDocument: { uri, languageId: 'typescript', version: 1, text } },
    });
    return uri;
  }

  /** What an editor shows for the word at a place, both counted from 0; an empty text for nothing. */
  async hover(uri: string, line: number, character: number): Promise<string> {
    const params = { textDocument: { uri }, position: { line, character } };
    const found = (await this.#ask('textDocument/hover', params)) as Hover | null;
    if (found === null) return '';
    return typeof found.contents === 'string' ? found.contents : found.contents.value;
  }

  async close(): Promise<void> {
    const ended = once(this.#process, 'exit');
    await this.#ask('shutdown', undefined);
    this.#send({ method: 'exit' });
    this.#process.stdin?.end();
    await ended;
  }

  #ask(method: string, params: unknown): Promise<unknown> {
    this.#lastId += 1;
    const { promise, resolve } = Promise.withResolvers<unknown>();
    this.#waiting.set(this.#lastId, resolve);
    this.#send({ id: this.#lastId, method, params });
    return promise;
  }

  #send(message: Message): void {
    const text = JSON.stringify({ jsonrpc: '2.0', ...message });
    this.#process.stdin?.write(`Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`);
  }

  #read(bytes: Buffer): void {
    this.#unread = Buffer.concat([this.#unread, bytes]);
    for (;;) {
      const head = this.#unread.indexOf('\r\n\r\n');
      const length = Number(/Content-Length: (\d+)/i.exec(this.#unread.toString('latin1', 0, Math.max(head, 0)))?.[1]);
      if (head < 0 || this.#unread.length < head + 4 + length) return;
      const message = JSON.parse(this.#unread.toString('utf8', head + 4, head + 4 + length)) as Message;
      this.#unread = this.#unread.subarray(head + 4 + length);
      this.#receive(message);
    }
  }

  #receive({ id, method, result }: Message): void {
    if (id === undefined) return;
    // It asks for settings and the like, and goes on without.
    if (method !== undefined) return this.#send({ id, result: null });
    this.#waiting.get(id)?.(result);
    this.#waiting.delete(id);
  }
}
