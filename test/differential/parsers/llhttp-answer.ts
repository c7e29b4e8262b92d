import { request } from 'node:http';
import { Duplex } from 'node:stream';
import type { ParsedAnswers } from './parsed.ts';

/** Bytes of a head: more than any input has. */
const LARGEST_HEAD = 1024 * 1024;

/** Parses one answer with Node's own client, which is llhttp with all of its checks. `bytes` end where it does. */
export function parseAnswerWithLlhttp(bytes: Buffer, method: string): Promise<ParsedAnswers> {
  return new Promise((resolve) => {
    const failed = (error: NodeJS.ErrnoException): void => resolve({ answers: [], error: error.code ?? error.message });
    const socket = new Duplex({ read: () => {}, write: (_piece, _encoding, done) => done() });
    const asked = request({
      method,
      createConnection: () => socket,
      maxHeaderSize: LARGEST_HEAD,
      insecureHTTPParser: false,
    });
    asked.on('error', failed);
    asked.on('response', (response) => {
      const pieces: Buffer[] = [];
      response.on('data', (piece: Buffer) => pieces.push(piece));
      response.on('error', failed);
      response.on('end', () => {
        const { rawHeaders, statusCode = 0 } = response;
        const fields: [string, string][] = [];
        for (let index = 0; index < rawHeaders.length; index += 2) {
          fields.push([rawHeaders[index]!.toLowerCase(), rawHeaders[index + 1]!]);
        }
        const body = Buffer.concat(pieces).toString('latin1');
        resolve({ answers: [{ status: statusCode, fields, body, length: bytes.length }], error: undefined });
      });
    });
    asked.end();
    socket.push(bytes);
    socket.push(null);
  });
}
