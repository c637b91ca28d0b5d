/** A call of AWS's API as it comes over the wire. */
export interface Call {
  readonly service: string;
  readonly method: string;
  readonly path: string;
  /** The operation of a service that names it: by a header, or by the form's `Action`. */
  readonly operation: string;
  readonly headers: Record<string, string>;
  readonly body: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: Buffer;
}

export type Forward = (call: Call) => Promise<Answer>;

/** Where moto forgets, does not know or lets pass what AWS keeps, has or refuses; each has hidden a fault, or would show one that is none. */
export interface Correction {
  readonly reason: string;
  readonly matches: (call: Call) => boolean;
  readonly answer: (call: Call, forward: Forward) => Promise<Answer>;
}

export const json = (status: number, value: unknown): Answer => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: Buffer.from(JSON.stringify(value)),
});
export const xml = (body: string): Answer => ({ status: 200, headers: { 'content-type': 'text/xml' }, body: Buffer.from(body) });
export const parse = ({ body }: { body: Buffer | string }): any => JSON.parse(body.toString() || '{}');
export const edited = (answer: Answer, edit: (value: any) => void): Answer => {
  const value = parse(answer);
  edit(value);
  return { ...answer, body: Buffer.from(JSON.stringify(value)) };
};
export const editedText = (answer: Answer, edit: (text: string) => string): Answer => ({ ...answer, body: Buffer.from(edit(answer.body.toString())) });
