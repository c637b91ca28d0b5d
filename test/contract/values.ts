import fc from 'fast-check';
import { codePoints, isVisible } from '../../src/common/text/text.js';
import type { ContractDocument, Schema } from './document.js';
import { Validation } from './validation.js';

/** A value that must be refused, and what is wrong with it. */
export interface Faulty {
  readonly value: unknown;
  readonly fault: string;
}

/** Values for a schema that its words narrow further, by the name of the property; see {@link Values}. */
export type WordedRules = Readonly<Record<string, fc.Arbitrary<unknown>>>;

/**
 * Makes values from schemas: ones that fit, and ones with a single fault. What the contract says in words only (that a time zone must
 * exist, say) is given to it as arbitraries by property name.
 */
export class Values {
  private readonly validation: Validation;

  constructor(
    private readonly document: ContractDocument,
    private readonly worded: WordedRules,
  ) {
    this.validation = new Validation(document, false);
  }

  /** Values that fit the schema and can be stored. */
  valid(schema: Schema, name = ''): fc.Arbitrary<unknown> {
    const { anyOf, enum: options, type, ...rest } = this.document.resolve(schema);
    const worded = this.worded[name];
    if (worded !== undefined) {
      return worded;
    }
    if (anyOf !== undefined) {
      return fc.oneof(...anyOf.map((one) => this.valid(one)));
    }
    if (options !== undefined) {
      return fc.constantFrom(...options);
    }
    switch (type) {
      case 'object':
        return this.validObject(rest);
      case 'array':
        return this.validArray(rest);
      case 'string':
        // What must not be blank is published by a pattern that says less: see visibleText.
        return validText(rest).filter((text) => this.fits(schema, text) && (rest.pattern !== String.raw`\S` || isVisible(text)));
      case 'integer':
        return fc.integer({ min: rest.minimum ?? -1000, max: rest.maximum ?? 1000 });
      case 'boolean':
        return fc.boolean();
      case 'null':
        return fc.constant(null);
      case undefined:
        return storableJson;
      default:
        throw new Error(`The contract tests cannot make values of type ${JSON.stringify(type)} yet: teach them in test/contract/values.ts.`);
    }
  }

  /** Values with one fault: of type, bound, enum, format, a field missing or too many, or text that no store holds. */
  faulty(schema: Schema, pointer = ''): fc.Arbitrary<Faulty> {
    const { anyOf, type, ...rest } = this.document.resolve(schema);
    const wrong = (values: readonly unknown[], fault: string) =>
      values.filter((value) => !this.fits(schema, value)).map((value) => fc.constant({ value, fault: `${fault} at ${pointer || '/'}` }));
    const choices: fc.Arbitrary<Faulty>[] = wrong(ofOtherTypes, 'wrong type');
    if (anyOf !== undefined) {
      choices.push(...anyOf.map((one) => this.faulty(one, pointer).filter(({ value, fault }) => isUnfit(fault) || !this.fits(schema, value))));
    }
    if (rest.enum !== undefined) {
      choices.push(...wrong(['', 'nothing-of-the-kind', String(rest.enum[0]).toUpperCase(), `${String(rest.enum[0])} `], 'bad enum'));
    } else if (type === undefined && anyOf === undefined) {
      choices.push(
        ...unfitTexts
          .flatMap((value) => [value, { a: [value] }, { [value]: 1 }])
          .map((value) => fc.constant({ value, fault: `${unfit} at ${pointer || '/'}` })),
      );
    } else if (type === 'string') {
      choices.push(...wrong(outOfBounds(rest), 'out of bounds by one'), ...wrong(malformed(rest), 'bad format'));
      choices.push(...unfitTexts.map((value) => fc.constant({ value, fault: `${unfit} at ${pointer || '/'}` })));
    } else if (type === 'object') {
      choices.push(...this.faultyObjects(rest, pointer));
    } else if (type === 'array') {
      choices.push(...this.faultyArrays(rest, pointer));
    } else if (type === 'integer') {
      choices.push(...wrong([(rest.minimum ?? 0) - 1, (rest.maximum ?? 0) + 1, 1.5], 'out of bounds by one'));
    }
    return fc.oneof(...choices);
  }

  private fits(schema: Schema, value: unknown): boolean {
    return this.validation.of(schema)(value).length === 0;
  }

  private validArray({ items = {}, minItems = 0, maxItems }: Schema): fc.Arbitrary<unknown[]> {
    const item = this.valid(items);
    const short = fc.array(item, { minLength: minItems, maxLength: maxItems ?? 12, size: 'small' });
    return maxItems === undefined
      ? short
      : fc.oneof({ weight: 5, arbitrary: short }, { weight: 1, arbitrary: fc.array(item, { minLength: maxItems, maxLength: maxItems }) });
  }

  private validObject({ properties = {}, required = [], additionalProperties }: Schema): fc.Arbitrary<Record<string, unknown>> {
    const fields = fc.record(Object.fromEntries(Object.entries(properties).map(([name, field]) => [name, this.valid(field, name)])), {
      requiredKeys: [...required],
    });
    const open = additionalProperties !== false && additionalProperties !== undefined;
    return open ? fc.tuple(fc.dictionary(fieldName, storableJson, { maxKeys: 5 }), fields).map(([extra, own]) => ({ ...extra, ...own })) : fields;
  }

  private faultyObjects({ properties = {}, required = [], additionalProperties, ...rest }: Schema, pointer: string): fc.Arbitrary<Faulty>[] {
    const valid = this.validObject({ properties, required, additionalProperties, ...rest });
    const missing = required.map((name) =>
      valid.map((value) => ({ value: Object.fromEntries(Object.entries(value).filter(([key]) => key !== name)), fault: `missing ${pointer}/${name}` })),
    );
    const within = Object.entries(properties).map(([name, field]) =>
      fc.tuple(valid, this.faulty(field, `${pointer}/${name}`)).map(([value, { value: bad, fault }]) => ({ value: { ...value, [name]: bad }, fault })),
    );
    const unknown = valid.map((value) => ({ value: { ...value, surprise: 'x' }, fault: `unknown field ${pointer}/surprise` }));
    // Faults of the fields are many, so they weigh more than those of the whole.
    return [...missing, ...within, ...within, ...(additionalProperties === false ? [unknown] : [])];
  }

  private faultyArrays({ items = {}, maxItems, minItems }: Schema, pointer: string): fc.Arbitrary<Faulty>[] {
    const item = this.valid(items);
    const tooMany = (length: number) =>
      fc.array(item, { minLength: length, maxLength: length }).map((value) => ({ value, fault: `out of bounds by one at ${pointer}` }));
    const within = fc
      .tuple(fc.array(item, { minLength: minItems ?? 0, maxLength: Math.min(2, maxItems ?? 2), size: 'small' }), this.faulty(items, `${pointer}/-`))
      .map(([list, { value, fault }]) => ({ value: [...list, value], fault }));
    return [within, ...(maxItems === undefined ? [] : [tooMany(maxItems + 1)])];
  }
}

const unfit = 'unfit text';
// Text that no store holds fits its schema: JSON Schema has no word for it, the service's conventions do.
const isUnfit = (fault: string): boolean => fault.startsWith(unfit);
const unfitTexts = ['a\0b', '\0'.repeat(20), 'half a pair \uD83D and more', '\uDE00 half a pair, the second'];
const ofOtherTypes = [null, true, 0, -1.5, [], {}, [null], { a: 1 }, 'text'];

const emoji = '😀';

/** Texts that have broken programs: written from right to left, combining, invisible, outside the BMP, looking like something else. */
const awkwardTexts = [
  'مرحبا بالعالم',
  '\u202Etxet desrever\u202C',
  'e\u0301\u0302\u0323 Å Å',
  '👩‍👩‍👧‍👦🏳️‍🌈',
  'zero\u200Bwidth\uFEFF',
  '\u0001\u001F\u007F\u0085',
  '\uFFFE\uFFFF\u{10FFFF}',
  '  spaces around  ',
  "Robert'); DROP TABLE users;--",
  '<script>alert(1)</script>',
  '%00 %2e%2e/ ${x} {{x}}',
  '"\\/\b\f\n\r\t',
  '__proto__',
  'constructor',
  'null',
];

function validText({ format, pattern, minLength = 0, maxLength = 1_000 }: Schema): fc.Arbitrary<string> {
  const shaped = textsOfFormat[format ?? ''];
  if (shaped !== undefined) {
    return shaped;
  }
  if (pattern !== undefined && pattern !== String.raw`\S`) {
    return fc.stringMatching(new RegExp(pattern));
  }
  // Bounds count code points: an emoji is one of them, two UTF-16 units and four bytes.
  const extremes = [emoji.repeat(maxLength), emoji.repeat(Math.max(minLength, 1)), 'x'.repeat(maxLength), 'x'.repeat(Math.max(minLength, 1))];
  const awkward = awkwardTexts.map((text) => text.padEnd(minLength, '.')).filter((text) => codePoints(text) <= maxLength);
  const random = fc.string({ unit: 'binary', minLength, maxLength: Math.min(maxLength, minLength + 40) }).filter((text) => !text.includes('\0'));
  return fc.oneof({ weight: 2, arbitrary: random }, fc.constantFrom(...awkward), fc.constantFrom(...extremes));
}

const fourDigitYears = { min: new Date('0001-01-02T00:00:00Z'), max: new Date('9998-12-30T00:00:00Z'), noInvalidDate: true };
const date = fc.date(fourDigitYears).map((day) => day.toISOString().slice(0, 10));
const instant = fc
  .tuple(fc.date(fourDigitYears), fc.constantFrom('Z', '+00:00', '-12:00', '+14:00', '+05:45'), fc.constantFrom('', '.5', '.123456789'))
  .map(([day, offset, fraction]) => `${day.toISOString().slice(0, 19)}${fraction}${offset}`);

const textsOfFormat: Readonly<Record<string, fc.Arbitrary<string>>> = {
  uuid: fc.uuid(),
  email: fc.emailAddress({ size: 'small' }),
  date,
  'date-time': instant,
};

function outOfBounds({ minLength = 0, maxLength }: Schema): string[] {
  return [
    ...(minLength > 0 ? ['x'.repeat(minLength - 1), emoji.repeat(minLength - 1)] : []),
    ...(maxLength === undefined ? [] : ['x'.repeat(maxLength + 1), emoji.repeat(Math.min(maxLength, 20_000) + 1)]),
  ];
}

function malformed({ format, pattern, minLength = 0 }: Schema): string[] {
  const blank = [' '.repeat(Math.max(minLength, 1)), '\u3000\u00A0\t'.padEnd(minLength)];
  const shapes: Readonly<Record<string, readonly string[]>> = {
    uuid: ['7', '019e3a5c-7b1e-7c3a-9d52', '019e3a5c-7b1e-7c3a-9d52-3f8f6f0a1b2g', '{019e3a5c-7b1e-7c3a-9d52-3f8f6f0a1b2c}'],
    email: ['ada', 'ada@', '@example.com', 'ada@example', 'ada @example.com', 'a..b@example.com', 'ada@example.com\n', 'ада@example.com'],
    date: ['2026-02-30', '2026-13-01', '26-01-01', '2026-1-1', 'tomorrow', '+002026-01-01'],
    'date-time': ['2026-02-30T10:00:00Z', '2026-01-01T25:00:00Z', '2026-01-01T10:00:00', '2026-01-01 10:00:00Z', '2026-01-01T10:00Z', '2026-01-01T23:59:60Z'],
  };
  return [...(shapes[format ?? ''] ?? []), ...(pattern === undefined ? [] : ['', ...blank, '+02:00', '!'])];
}

const fieldName = fc
  .oneof(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }), fc.constantFrom(...awkwardTexts))
  .filter((name) => name !== '__proto__' && name !== '' && !name.includes('\0'));
const storableNumber = fc.oneof(
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }).filter((number) => number === 0 || (Math.abs(number) >= 1e-130 && Math.abs(number) < 1e126)),
);

/** JSON values that both a double and DynamoDB hold exactly. */
const storableJson = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true, maxDepth: 4 },
    fc.constantFrom(null, true, false),
    storableNumber,
    fc.oneof(fieldName, fc.constantFrom('', emoji.repeat(300))),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fieldName, tie('value'), { maxKeys: 4, noNullPrototype: true }),
  ),
})).value;
