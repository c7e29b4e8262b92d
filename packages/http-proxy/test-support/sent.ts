import type { ServiceMode } from '@inband/core';
import { HeadReader } from '../src/message/parser/head-reader.ts';
import { MendingReader } from '../src/message/parser/mending-reader.ts';
import { RequestHead } from '../src/message/head/request-head.ts';
import { ResponseHead } from '../src/message/head/response-head.ts';
import { writeRequestHead, writeResponseHead } from '../src/message/head/serialise.ts';
import { HEAD_AT, sendBuffer } from '../src/message/send-buffer.ts';
import { Literal } from '../src/message/words.ts';
import { pseudonym, roomy } from './heads.ts';

const via: readonly [Literal, Literal] = [new Literal('Via: 1.0 px\r\n'), new Literal('Via: 1.1 px\r\n')];
const date = new Literal('Date: now\r\n');
const host = new Literal('127.0.0.1:80');

/** The head as it goes to a server. `bytes` hold a whole head that is not refused. */
export function sentRequest(bytes: Buffer, mode: ServiceMode): Buffer {
  const reader = new HeadReader(new RequestHead());
  reader.begin(roomy);
  if (reader.read(bytes, 0, bytes.length) < 0) throw new Error(`not a whole head: ${reader.head.fault}`);
  const { head } = reader;
  head.understand({ mode, strict: false, ownPages: false, pseudonym });
  const isNamed = head.authority.host !== '';
  const end = writeRequestHead(head, { via, forwarded: undefined, ...(isNamed ? {} : { host }) });
  return Buffer.from(sendBuffer(0).subarray(HEAD_AT, end));
}

/** The head as it goes to a client that keeps its connection. `bytes` hold a whole head that is not refused. */
export function sentResponse(bytes: Buffer, method: string, strict: boolean): Buffer {
  const reader = new MendingReader(new ResponseHead(), 'response');
  reader.begin({ ...roomy, strict });
  if (reader.read(bytes, 0, bytes.length) < 0) throw new Error(`not a whole head: ${reader.head.fault}`);
  const { head } = reader;
  head.understand(method, strict);
  const end = writeResponseHead(head, { via, date: () => date, framing: head.framing, close: false });
  return Buffer.from(sendBuffer(0).subarray(HEAD_AT, end));
}
