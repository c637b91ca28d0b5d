import type { Operation } from './history.js';

const rowHeight = 34;
const unit = 150;
const left = 90;

/**
 * A history as an SVG: clients as rows, operations as bars from their sending to their answer. An unknown outcome is an open bar; what no order explains is
 * marked.
 */
export function draw(title: string, operations: readonly Operation[], unexplained: readonly Operation[]): string {
  const clients = [...new Set(operations.map(({ client }) => client))].sort((a, b) => a - b);
  // Only the order of the times means something, so they are drawn at equal distances.
  const times = [...new Set(operations.flatMap(({ sent, answered }) => [sent, answered]))].filter(Number.isFinite).sort((a, b) => a - b);
  const width = left + (times.length + 1) * unit;
  const xOf = (time: number): number => (time === Infinity ? width - 10 : left + times.indexOf(time) * unit);
  const bars = operations.map((operation) => {
    const { client, input, output, sent, answered } = operation;
    const [x, end, y] = [xOf(sent), xOf(answered), 40 + clients.indexOf(client) * rowHeight];
    const kind = unexplained.includes(operation) ? 'unexplained' : output === undefined ? 'unknown' : 'known';
    const text = `${label(input)} → ${output === undefined ? '?' : label(output)}`;
    return `<g class="${kind}"><title>${escape(text)}</title><rect x="${x}" y="${y}" width="${Math.max(end - x, 4)}" height="24" rx="3"/><text x="${x + 5}" y="${y + 16}">${escape(text)}</text></g>`;
  });
  const rows = clients.map((client, row) => `<text x="8" y="${56 + row * rowHeight}">client ${client}</text>`);
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${50 + clients.length * rowHeight}" font-family="sans-serif" font-size="11">
<style>rect{fill:#dbe7f5;stroke:#5b84b1}.unknown rect{fill:none;stroke-dasharray:4}.unexplained rect{fill:#f8d3d0;stroke:#b3261e}</style>
<rect width="100%" height="100%" style="fill:#fff;stroke:none"/>
<text x="8" y="20" font-size="14">${escape(title)}</text>
${[...rows, ...bars].join('\n')}
</svg>
`;
}

function label(value: unknown): string {
  if (typeof value !== 'object' || value === null) {
    return String(value);
  }
  return Object.entries(value)
    .filter(([, part]) => part !== undefined)
    .map(([name, part]) => (name === 'op' ? String(part) : `${name} ${String(part)}`))
    .join(' ');
}

const escape = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
