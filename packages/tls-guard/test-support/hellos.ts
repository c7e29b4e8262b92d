/** A vector of the TLS presentation language: its length in `size` bytes, then its content. */
export function vector(size: 1 | 2 | 3, ...content: Uint8Array[]): Buffer {
  const bytes = Buffer.concat(content);
  const length = Buffer.alloc(size);
  length.writeUIntBE(bytes.length, 0, size);
  return Buffer.concat([length, bytes]);
}

export function extension(type: number, content: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([type >> 8, type & 0xff]), vector(2, content)]);
}

/** The content of a `server_name` extension with these names. */
export function serverNames(...names: string[]): Buffer {
  const entries = names.map((name) => Buffer.concat([Buffer.from([0]), vector(2, Buffer.from(name, 'latin1'))]));
  return vector(2, ...entries);
}

export interface HelloParts {
  readonly session?: Uint8Array;
  readonly suites?: Uint8Array;
  readonly compression?: Uint8Array;
  /** Undefined leaves out the extensions and their length. */
  readonly extensions?: readonly Uint8Array[] | undefined;
  readonly major?: number;
}

/** A ClientHello as a handshake message. */
export function helloMessage(parts: HelloParts): Buffer {
  const { session = Buffer.alloc(32, 1), suites = Buffer.from([0x13, 0x01]), compression = Buffer.from([0]) } = parts;
  const body = [
    Buffer.from([parts.major ?? 3, 3]),
    Buffer.alloc(32, 7),
    vector(1, session),
    vector(2, suites),
    vector(1, compression),
    ...(parts.extensions === undefined ? [] : [vector(2, ...parts.extensions)]),
  ];
  return Buffer.concat([Buffer.from([1]), vector(3, ...body)]);
}

/** A ClientHello with the server name `name`. */
export function helloFor(name: string): Buffer {
  return helloMessage({
    extensions: [
      extension(0x0a0a, Buffer.alloc(1)),
      extension(0, serverNames(name)),
      extension(43, Buffer.from([2, 3, 4])),
    ],
  });
}

/** Puts a message into TLS records of the given lengths. The rest goes into a last record. */
export function records(message: Buffer, lengths: readonly number[] = []): Buffer {
  const parts: Buffer[] = [];
  let at = 0;
  for (const length of [...lengths, message.length]) {
    const fragment = message.subarray(at, at + length);
    if (fragment.length === 0) continue;
    parts.push(Buffer.from([22, 3, 1]), vector(2, fragment));
    at += fragment.length;
  }
  return Buffer.concat(parts);
}
