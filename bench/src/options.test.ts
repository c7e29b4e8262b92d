import { describe, expect, test } from 'vitest';
import { parseOptions } from './options.ts';

describe('parseOptions', () => {
  test('without arguments asks for everything', () => {
    const options = parseOptions([]);
    expect(options).toMatchObject({
      quick: false,
      workloads: undefined,
      peers: undefined,
      rounds: undefined,
      install: true,
    });
  });

  test('takes lists with commas', () => {
    const options = parseOptions(['--quick', '--workload', '1, 12', '--peers', 'nginx,squid']);
    expect(options).toMatchObject({ quick: true, workloads: [1, 12], peers: ['nginx', 'squid'] });
  });

  test('skips the -- that package managers pass on', () => {
    expect(parseOptions(['--', '--rounds', '3'])).toMatchObject({ rounds: 3 });
  });

  test('takes another checkout as it was before a change', () => {
    expect(parseOptions(['--before', '../old/apps/proxy/bin/inband.mjs', '--peers', ''])).toMatchObject({
      before: '../old/apps/proxy/bin/inband.mjs',
      peers: [],
    });
  });

  test('takes one transport, and how long V8 gets to compile', () => {
    const options = parseOptions(['--transport', 'epoll', '--warm-up', '15']);
    expect(options).toMatchObject({ transport: 'epoll', warmUp: 15 });
  });

  test('takes --no-install for an earlier checkout that is installed already', () => {
    expect(parseOptions(['--no-install']).install).toBe(false);
  });

  test.each([
    [['--workload', '13'], '--workload: expected numbers from 1 to 12, found "13"'],
    [['--rounds', '0'], '--rounds: expected a whole number from 1 to 100, found "0"'],
    [['--rounds', '1.5'], '--rounds: expected a whole number'],
    [['--warm-up', '90'], '--warm-up: expected a number from 0 to 60, found "90"'],
    [['--transport', 'memory'], '--transport: expected node or epoll, found "memory"'],
    [['--seconds', ''], '--seconds: expected a number from 0.2 to 60'],
    [['--fast'], "Unknown option '--fast'"],
  ])('refuses the arguments %j', (args, message) => {
    expect(() => parseOptions(args)).toThrow(message);
  });
});
