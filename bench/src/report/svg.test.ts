import { describe, expect, test } from 'vitest';
import { barChart, escapeXml, lineChart } from './svg.ts';

const bar = (label: string, value: number) => ({
  label,
  value,
  min: value * 0.9,
  max: value * 1.1,
  ours: label === 'ours',
});

function labels(svg: string): string[] {
  return [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map((match) => match[1] ?? '');
}

describe('barChart', () => {
  test('draws a bar for each, shortest first, with its value', () => {
    const svg = barChart('Small GET', 'µs', [bar('squid', 68), bar('ours', 15), bar('nginx', 17.72)], 1);
    expect(labels(svg)).toEqual(['ours', '15.0', 'nginx', '17.7', 'squid', '68.0']);
  });

  test('is as wide for the largest as there is room, and proportional for the others', () => {
    const svg = barChart(
      't',
      'u',
      [
        { ...bar('a', 10), max: 10 },
        { ...bar('b', 5), max: 5 },
      ],
      0,
    );
    const widths = [...svg.matchAll(/<rect x="180" [^>]*width="([\d.]+)"/g)].map((match) => Number(match[1]));
    expect(widths).toEqual([225, 450]);
  });

  test('has no number that is not one, even when all is 0 or negative', () => {
    expect(barChart('t', 'u', [bar('a', 0), bar('b', -3)], 0)).not.toMatch(/NaN|Infinity|width="-/);
  });
});

describe('lineChart', () => {
  const line = { label: 'inband-node', points: [1, 10, 100, 1000].map((x) => ({ x, y: 20 })) };

  test('marks every x, evenly on a logarithmic axis', () => {
    const svg = lineChart('Routes', 'µs', [line]);
    const circles = [...svg.matchAll(/cx="([\d.]+)"/g)].map((match) => Number(match[1]));
    const steps = circles.slice(1).map((x, index) => Math.round(x - (circles[index] ?? 0)));
    expect(new Set(steps).size).toBe(1);
    expect(labels(svg)).toEqual(expect.arrayContaining(['1', '10', '100', '1000', 'inband-node']));
  });

  test('is well formed for a single point', () => {
    expect(lineChart('Routes', 'µs', [{ label: 'a', points: [{ x: 1, y: 5 }] }])).not.toMatch(/NaN|Infinity/);
  });
});

test('escapeXml leaves nothing that XML reads as markup', () => {
  expect(escapeXml('<a href="x">&')).toBe('&lt;a href=&quot;x&quot;&gt;&amp;');
});
