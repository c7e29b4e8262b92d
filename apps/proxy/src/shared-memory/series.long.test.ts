import { closeSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import { ownMemory, type SegmentMemory, sharedMemory, writtenMemory } from './memory.ts';
import { SEGMENT_LENGTH } from './series-format.ts';
import { SeriesReader } from './series-reader.ts';
import { SeriesWriter } from './series-writer.ts';
import { openUnnamedFile } from './unnamed-file.ts';

const atEnd: (() => void)[] = [];
afterEach(() => {
  for (const end of atEnd.splice(0)) end();
});

const process1 = { pid: 1, startedAt: 1_000 };

function file(segments: number): number {
  const descriptor = openUnnamedFile(segments * SEGMENT_LENGTH);
  if (descriptor === undefined) throw new Error('There is no directory for a file.');
  atEnd.push(() => closeSync(descriptor));
  return descriptor;
}

function own(): { readonly buffer: SharedArrayBuffer; readonly writer: SeriesWriter; readonly reader: SeriesReader } {
  const buffer = new SharedArrayBuffer(SEGMENT_LENGTH);
  const writer = new SeriesWriter(ownMemory(buffer), process1);
  return { buffer, writer, reader: new SeriesReader({ kind: 'own', buffer }) };
}

const valuesIn = (reader: SeriesReader): Record<string, number[]>[] =>
  reader
    .read()
    .map(({ series }) =>
      Object.fromEntries(series.map(({ name, labels, values }) => [[name, ...labels].join(' '), [...values]])),
    );

describe('series in memory', () => {
  test('are found again by name and labels', () => {
    const { writer, reader } = own();
    const place = writer.place('a', ['x', 'y "z"']);
    expect(writer.place('a', ['x', 'y "z"'])).toBe(place);
    expect(writer.place('a', ['x'])).not.toBe(place);
    writer.values[place] = 7;
    writer.values[writer.place('b', [], 3) + 2] = 5;
    expect(valuesIn(reader)).toEqual([{ 'a x y "z"': [7], 'a x': [0], b: [0, 0, 5] }]);
  });

  test('that are added after a reading are in the next one', () => {
    const { writer, reader } = own();
    writer.place('a', []);
    expect(valuesIn(reader)).toEqual([{ a: [0] }]);
    writer.values[writer.place('ä', [])] = 1;
    expect(valuesIn(reader)).toEqual([{ a: [0], ä: [1] }]);
  });

  test('go on in a process that takes the place of another', () => {
    const { buffer, writer, reader } = own();
    writer.values[writer.place('a', ['x'])] = 41;
    const next = new SeriesWriter(ownMemory(buffer), { pid: 2, startedAt: 2_000 });
    const place = next.place('a', ['x']);
    next.values[place] = (next.values[place] ?? 0) + 1;
    expect(valuesIn(reader)).toEqual([{ 'a x': [42] }]);
    expect(reader.read()).toMatchObject([{ pid: 2, startedAt: 2_000, worker: '0' }]);
  });

  test('that find no room are counted where nobody reads, and told', () => {
    const { writer, reader } = own();
    // All but 4 MiB, of which names of 128 KiB fill the rest soon.
    writer.table('filler', [], (SEGMENT_LENGTH - 2 ** 22) / 8);
    const rest: number[] = [];
    for (let index = 0; index < 60; index += 1) rest.push(writer.place(`${index}${'x'.repeat(2 ** 17)}`, [], 80));
    const last = rest.at(-1) ?? 0;
    writer.values[last + 79] = 1;
    const [segment] = reader.read();
    expect(segment?.lost).toBeGreaterThan(0);
    expect(segment?.series).toHaveLength(1 + 60 - (segment?.lost ?? 0));
    expect(segment?.series.every(({ values }) => values.every((value) => value === 0))).toBe(true);
  });

  test('for which no memory can be reserved are told as well', () => {
    const buffer = new SharedArrayBuffer(SEGMENT_LENGTH);
    const memory: SegmentMemory = { ...ownMemory(buffer), reserve: (from) => from === 0 };
    const writer = new SeriesWriter(memory, process1);
    for (let index = 0; index < 1_000; index += 1) writer.place(`series ${index}`, [], 80);
    const [segment] = new SeriesReader({ kind: 'own', buffer }).read();
    expect(segment?.lost).toBeGreaterThan(0);
    expect(segment?.series.length).toBeGreaterThan(0);
  });
});

describe.each([
  ['mapped', sharedMemory],
  ['written', writtenMemory],
])('segments of a file, %s', (_how, memoryOf) => {
  test('are those of the supervisor and of the workers', () => {
    const descriptor = file(5);
    const reader = new SeriesReader({ kind: 'file', descriptor });
    expect(reader.read()).toEqual([]);
    for (const index of [0, 1, 2]) {
      const writer = new SeriesWriter(memoryOf(descriptor, index), { pid: 100 + index, startedAt: 0 });
      writer.values[writer.place('a', [])] = index;
      writer.sampled(1);
    }
    expect(reader.read().map(({ worker, pid, sampledAt }) => [worker, pid, sampledAt])).toEqual([
      ['supervisor', 100, 1],
      ['1', 101, 1],
      ['2', 102, 1],
    ]);
    expect(valuesIn(reader)).toEqual([{ a: [0] }, { a: [1] }, { a: [2] }]);
  });

  test('go on in the next process', () => {
    const descriptor = file(2);
    const before = new SeriesWriter(memoryOf(descriptor, 1), process1);
    before.values[before.place('a', ['x'])] = 41;
    before.sampled(1);
    const next = new SeriesWriter(memoryOf(descriptor, 1), process1);
    expect(next.values[next.place('a', ['x'])]).toBe(41);
  });
});

test('a mapped segment is read at once, without the help of its process', () => {
  const descriptor = file(2);
  const writer = new SeriesWriter(sharedMemory(descriptor, 1), process1);
  const place = writer.place('a', []);
  const reader = new SeriesReader({ kind: 'file', descriptor });
  for (const value of [1, 2]) {
    writer.values[place] = value;
    expect(valuesIn(reader)).toEqual([{ a: [value] }]);
  }
});
