import { quantile } from '../bench/statistics.js';
import type { Sample } from './fire.js';

/** One second of a run. */
export interface Second {
  readonly requests: number;
  readonly errors: number;
  /** Milliseconds; null in a second without an answer. */
  readonly p50: number | null;
  readonly p99: number | null;
}

/** The run by seconds, from the first on, none left out. */
export function bySecond(samples: readonly Sample[]): Second[] {
  const groups: Sample[][] = [];
  for (const sample of samples) {
    (groups[Math.floor(sample.atMs / 1_000)] ??= []).push(sample);
  }
  return Array.from({ length: groups.length }, (_, second) => {
    const group = groups[second] ?? [];
    const times = group.flatMap(({ ms }) => (ms === undefined ? [] : [ms]));
    const at = (q: number): number | null => (times.length === 0 ? null : quantile(times, q));
    return { requests: group.length, errors: group.filter(({ error }) => error !== undefined).length, p50: at(0.5), p99: at(0.99) };
  });
}

const width = 960;
const margin = { left: 72, right: 24 } as const;
const upper = { top: 64, height: 260 } as const;
const lower = { top: 388, height: 110 } as const;
const height = 560;
const colours = { p50: '#1f6feb', p99: '#d1242f', requests: '#8c959f', errors: '#d1242f' } as const;

/** The run as an SVG: above, the latency's median and 99th percentile of each second; below, how many requests and errors there were. */
export function plot(seconds: readonly Second[], title: string): string {
  const inner = width - margin.left - margin.right;
  const x = (second: number): number => margin.left + (second / seconds.length) * inner;
  const slowest = niceAbove(Math.max(...seconds.map(({ p99 }) => p99 ?? 0), 1));
  const busiest = niceAbove(Math.max(...seconds.map(({ requests }) => requests), 1));
  const latencyY = (ms: number): number => upper.top + upper.height * (1 - ms / slowest);
  const countY = (count: number): number => lower.top + lower.height * (1 - count / busiest);
  const bar = (second: number, from: number, to: number, colour: string): string =>
    from === to ? '' : rect(x(second) + 1, countY(to), Math.max(1, inner / seconds.length - 2), countY(from) - countY(to), colour);
  const errors = seconds.reduce((sum, second) => sum + second.errors, 0);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="system-ui, sans-serif" font-size="13">`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    text(margin.left, 28, title, 'start', '#1f2328', 'font-weight="600" font-size="15"'),
    legend(margin.left, 48, [
      [colours.p50, 'p50'],
      [colours.p99, 'p99'],
    ]),
    ...axis(latencyY, slowest),
    text(0, 0, 'latency, ms', 'middle', '#1f2328', `transform="translate(18 ${upper.top + upper.height / 2}) rotate(-90)"`),
    line(seconds, ({ p99 }) => p99, x, latencyY, colours.p99),
    line(seconds, ({ p50 }) => p50, x, latencyY, colours.p50),
    legend(margin.left, lower.top - 16, [
      [colours.requests, 'answered as they should be'],
      [colours.errors, `errors (${errors} in all)`],
    ]),
    ...axis(countY, busiest, 2),
    text(0, 0, 'requests in a second', 'middle', '#1f2328', `transform="translate(18 ${lower.top + lower.height / 2}) rotate(-90)"`),
    ...seconds.map(
      ({ requests, errors }, second) => bar(second, 0, requests - errors, colours.requests) + bar(second, requests - errors, requests, colours.errors),
    ),
    ...secondsAxis(seconds.length, x),
    '</svg>',
    '',
  ].join('\n');
}

function axis(y: (value: number) => number, most: number, parts = 4): string[] {
  return Array.from({ length: parts + 1 }, (_, part) => {
    const value = (most * part) / parts;
    return `<line x1="${margin.left}" x2="${width - margin.right}" y1="${round(y(value))}" y2="${round(y(value))}" stroke="${part === 0 ? '#1f2328' : '#d0d7de'}"/>${text(margin.left - 8, y(value) + 4, String(round(value)), 'end')}`;
  });
}

function secondsAxis(count: number, x: (second: number) => number): string[] {
  const step = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1_800, 3_600].find((step) => count / step <= 12) ?? 7_200;
  const ticks = Array.from({ length: Math.floor(count / step) + 1 }, (_, tick) => tick * step);
  return [
    ...ticks.map((second) => text(x(second), lower.top + lower.height + 20, String(second), 'middle')),
    text((margin.left + width - margin.right) / 2, height - 14, 'time, s', 'middle', '#1f2328'),
  ];
}

function line(
  seconds: readonly Second[],
  value: (second: Second) => number | null,
  x: (second: number) => number,
  y: (ms: number) => number,
  colour: string,
): string {
  // A second without an answer is a gap, not a guess; one between two gaps is a dot.
  let pen = 'M';
  const path = seconds.map((second, at) => {
    const ms = value(second);
    const step = ms === null ? '' : `${pen}${round(x(at + 0.5))} ${round(y(ms))}${pen === 'M' ? 'h0' : ''}`;
    pen = ms === null ? 'M' : 'L';
    return step;
  });
  return `<path d="${path.join('')}" fill="none" stroke="${colour}" stroke-width="2" stroke-linejoin="round" stroke-linecap="round"/>`;
}

function legend(left: number, y: number, entries: readonly (readonly [string, string])[]): string {
  let x = left;
  return entries
    .map(([colour, label]) => {
      const entry = rect(x, y - 9, 14, 9, colour) + text(x + 20, y, label, 'start');
      x += 44 + label.length * 7;
      return entry;
    })
    .join('');
}

function rect(x: number, y: number, width: number, height: number, colour: string): string {
  return `<rect x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}" fill="${colour}"/>`;
}

function text(x: number, y: number, content: string, anchor: 'start' | 'middle' | 'end', colour = '#59636e', more = ''): string {
  const escaped = content.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return `<text x="${round(x)}" y="${round(y)}" text-anchor="${anchor}" fill="${colour}" ${more}>${escaped}</text>`;
}

/** A value not below, of which a quarter is a round number, too. */
function niceAbove(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return power * ([1, 1.2, 1.6, 2, 2.4, 3.2, 4, 6, 8].find((factor) => factor * power >= value) ?? 10);
}

const round = (value: number): number => Math.round(value * 100) / 100;
