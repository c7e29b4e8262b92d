import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Duplex } from 'node:stream';
import type { Parsed, ParsedRequest } from './parsed.ts';

/** Bytes of a head: more than any input has. */
const LARGEST_HEAD = 1024 * 1024;

/** Parses the bytes of one connection with Node's own server, which is llhttp with all of its checks. */
export function parseWithLlhttp(bytes: Buffer): Promise<Parsed> {
  return new Promise((resolve) => {
    const requests: ParsedRequest[] = [];
    let error: string | undefined;
    let unfinished = 0;
    const server = createServer({ maxHeaderSize: LARGEST_HEAD, insecureHTTPParser: false, requireHostHeader: true });
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      const pieces: Buffer[] = [];
      unfinished += 1;
      request.on('data', (piece: Buffer) => pieces.push(piece));
      request.on('error', () => {});
      request.on('end', () => {
        unfinished -= 1;
        requests.push(parsedOf(request, Buffer.concat(pieces)));
        response.end();
      });
    });
    // Else what asks for something is never answered, and its bytes not read.
    server.on('checkContinue', (request, response) => server.emit('request', request, response));
    server.on('checkExpectation', (request, response) => server.emit('request', request, response));
    server.on('clientError', (failure: NodeJS.ErrnoException, socket) => {
      error ??= failure.code ?? failure.message;
      socket.destroy();
    });
    const socket = new Duplex({
      read: () => {},
      write: (_piece, _encoding, done) => done(),
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve({ requests, error: error ?? (unfinished > 0 ? 'unfinished' : undefined) }));
    server.emit('connection', socket);
    socket.push(bytes);
    socket.push(null);
  });
}

function parsedOf({ method = '', url = '', rawHeaders }: IncomingMessage, body: Buffer): ParsedRequest {
  const fields: [string, string][] = [];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    fields.push([rawHeaders[index]!.toLowerCase(), rawHeaders[index + 1]!]);
  }
  return { method, target: url, fields, body: body.toString('latin1') };
}
