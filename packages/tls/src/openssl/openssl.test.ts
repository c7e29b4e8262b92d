import { describe, expect, test, vi } from 'vitest';
import { PLAIN_LENGTH, WRITE_LENGTH } from './calls.ts';
import { CheckedOpenSsl } from './checked-calls.ts';
import { loadCalls } from './ffi.ts';
import { loadOpenSsl } from './openssl.ts';

describe.skipIf(process.platform !== 'linux')('calls into OpenSSL', () => {
  test('are there, and are those of the version that Node names', () => {
    expect(process.versions.openssl).toContain(loadOpenSsl().version);
    expect(loadOpenSsl()).toBe(loadOpenSsl());
  });

  test('say what is not as expected', () => {
    const openssl = vi.spyOn(process, 'versions', 'get').mockReturnValue({ ...process.versions, openssl: '3.9.9' });
    try {
      expect(() => loadCalls()).toThrow(/^its version is [\d.]+, and that of Node.js 3.9.9$/);
    } finally {
      openssl.mockRestore();
    }
  });

  test('do not reach beyond the memory that they are given', () => {
    const calls = loadCalls();
    const context = calls.newContext('client');
    const ssl = calls.newConnection(context, 'client');
    const bytes = Buffer.alloc(10);
    for (const [start, end] of [
      [0, 11],
      [-1, 5],
      [5, 5],
      [6, 5],
      [NaN, 5],
    ] as const) {
      expect(() => calls.write(ssl, bytes, start, end)).toThrow(RangeError);
      expect(() => calls.setInput(bytes, start, end)).toThrow(RangeError);
    }
    expect(() => calls.write(ssl, Buffer.alloc(WRITE_LENGTH + 1), 0, WRITE_LENGTH + 1)).toThrow(RangeError);
    expect(() => calls.write(ssl, 'text' as never, 0, 4)).toThrow(RangeError);
    expect(() => calls.read(ssl, PLAIN_LENGTH)).toThrow(RangeError);
    expect(() => calls.read(ssl, -1)).toThrow(RangeError);
    expect(() => calls.setTicketKey(context, Buffer.alloc(48))).toThrow(RangeError);
    calls.freeConnection(ssl);
    calls.freeContext(context);
  });

  describe('that are checked', () => {
    function aborted(act: (calls: CheckedOpenSsl) => void): string {
      const stop = vi.spyOn(process, 'abort').mockImplementation(() => {
        throw new Error('aborted');
      });
      const said = vi.spyOn(console, 'error').mockImplementation(() => {});
      try {
        expect(() => act(new CheckedOpenSsl(loadCalls()))).toThrow('aborted');
        return String(said.mock.calls[0]?.[0]);
      } finally {
        stop.mockRestore();
        said.mockRestore();
      }
    }

    test('end the process at what is used after it was freed, or freed twice', () => {
      const used = aborted((calls) => {
        const context = calls.newContext('client');
        const ssl = calls.newConnection(context, 'client');
        calls.freeConnection(ssl);
        calls.freeContext(context);
        calls.handshake(ssl);
      });
      expect(used).toMatch(/the connection \d+ is not ours, or is freed/);
      const twice = aborted((calls) => {
        const context = calls.newContext('server');
        calls.freeContext(context);
        calls.freeContext(context);
      });
      expect(twice).toContain('a context is freed that is not ours');
    });

    test('end the process when the input or the output belongs to another connection', () => {
      const output = aborted((calls) => {
        const context = calls.newContext('client');
        calls.handshake(calls.newConnection(context, 'client'));
        calls.handshake(calls.newConnection(context, 'client'));
      });
      expect(output).toContain('the output belongs to another connection');
      const input = aborted((calls) => {
        calls.setInput(Buffer.from('one'), 0, 3);
        calls.setInput(Buffer.from('two'), 0, 3);
      });
      expect(input).toContain('an input over one that is not read yet');
    });
  });
});
