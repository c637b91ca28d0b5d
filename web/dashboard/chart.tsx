import { type ReactNode, useId, useState } from 'react';
import { formatNumber } from '../time/format.js';
import { Button } from '../design/button.js';
import type { Figure } from './figures.js';

interface ChartProps {
  readonly title: string;
  /** What a figure is of, above the names of a table. */
  readonly of: string;
  readonly figures: readonly Figure[];
  /** `columns` are for many figures in an order, `bars` for a few that have names. */
  readonly as: 'columns' | 'bars';
}

/** Figures as a picture, which says in words what it shows, or as a table. */
export function Chart({ title, of, figures, as }: ChartProps) {
  const id = useId();
  const [asTable, setAsTable] = useState(false);
  const total = figures.reduce((sum, { value }) => sum + value, 0);
  return (
    <section className="card stack chart" aria-labelledby={id}>
      <div className="chart-head">
        <h2 id={id}>{title}</h2>
        <Button size="small" aria-pressed={asTable} aria-label={`Table: ${title}`} onClick={() => setAsTable(!asTable)}>
          Table
        </Button>
      </div>
      {figures.length === 0 ? (
        <p className="muted">Nothing to show yet.</p>
      ) : asTable ? (
        <Table of={of} figures={figures} title={title} />
      ) : as === 'columns' ? (
        <Columns figures={figures} label={`${title}: ${formatNumber(total)} in all`} />
      ) : (
        <Bars figures={figures} label={`${title}: ${figures.map(({ name, value }) => `${name} ${formatNumber(value)}`).join(', ')}`} />
      )}
    </section>
  );
}

function Table({ title, of, figures }: Pick<ChartProps, 'title' | 'of' | 'figures'>): ReactNode {
  return (
    <div className="chart-table">
      <table>
        <caption className="visually-hidden">{title}</caption>
        <thead>
          <tr>
            <th scope="col">{of}</th>
            <th scope="col">Todos</th>
          </tr>
        </thead>
        <tbody>
          {figures.map(({ name, value }) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td>{formatNumber(value)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** The picture's own units: as wide as a card, and as high as a few lines. */
const [width, height, foot] = [600, 160, 22];

function Columns({ figures, label }: { figures: readonly Figure[]; label: string }): ReactNode {
  const most = Math.max(1, ...figures.map(({ value }) => value));
  const step = width / figures.length;
  const marks = [0, Math.floor((figures.length - 1) / 2), figures.length - 1];
  return (
    <svg className="columns" viewBox={`0 0 ${width} ${height + foot}`} role="img" aria-label={label}>
      <line x1="0" x2={width} y1={height} y2={height} className="axis" />
      <text x={width} y="12" textAnchor="end" className="axis-text">
        {formatNumber(most)}
      </text>
      {figures.map(({ name, value }, at) => {
        const size = (value / most) * (height - 20);
        return (
          <rect
            key={name}
            x={at * step + step * 0.15}
            y={height - Math.max(size, 2)}
            width={step * 0.7}
            height={Math.max(size, 2)}
            rx="3"
            data-empty={value === 0}
          >
            <title>{`${name}: ${formatNumber(value)}`}</title>
          </rect>
        );
      })}
      {marks.map((at, place) => (
        <text
          key={at}
          x={place === 0 ? 0 : place === 2 ? width : at * step + step / 2}
          y={height + 17}
          textAnchor={(['start', 'middle', 'end'] as const)[place]}
          className="axis-text"
        >
          {figures[at]?.name}
        </text>
      ))}
    </svg>
  );
}

function Bars({ figures, label }: { figures: readonly Figure[]; label: string }): ReactNode {
  const most = Math.max(1, ...figures.map(({ value }) => value));
  return (
    <div className="bars" role="img" aria-label={label}>
      {figures.map(({ name, value }) => (
        <div className="bar" key={name}>
          <span className="bar-name">{name}</span>
          <span className="bar-room">
            <span className="bar-fill" style={{ inlineSize: `${(value / most) * 100}%` }} />
          </span>
          <span className="bar-value">{formatNumber(value)}</span>
        </div>
      ))}
    </div>
  );
}
