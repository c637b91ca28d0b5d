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

function Columns({ figures, label }: { figures: readonly Figure[]; label: string }): ReactNode {
  const most = Math.max(1, ...figures.map(({ value }) => value));
  const marks = [0, Math.floor((figures.length - 1) / 2), figures.length - 1];
  return (
    <div className="columns" role="img" aria-label={label}>
      <span className="columns-most">{formatNumber(most)}</span>
      <div className="columns-room">
        {figures.map(({ name, value }) => (
          <span
            className="column"
            key={name}
            data-empty={value === 0}
            title={`${name}: ${formatNumber(value)}`}
            style={{ blockSize: `${(value / most) * 100}%` }}
          />
        ))}
      </div>
      <div className="columns-marks">
        {marks.map((at) => (
          <span key={at}>{figures[at]?.name}</span>
        ))}
      </div>
    </div>
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
