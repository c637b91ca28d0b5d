import * as z from 'zod';
import { counterId } from './counter.js';

/** What both routes of the counter answer. */
export const visitCounterSchema = z
  .object({
    counterId: z.literal(counterId),
    visitCount: z.int().min(0).meta({ description: 'Visits counted so far.', example: 42 }),
    lastUpdated: z.iso
      .datetime({ precision: 3 })
      .nullable()
      .meta({ description: 'When the last visit was counted; null before the first.', example: '2026-11-21T09:30:00.000Z' }),
  })
  .meta({ id: 'VisitCounter', description: 'The visit counter.' });

/** A visit says nothing about itself: no body, or an empty object. */
export const visitSchema = z.strictObject({}, 'must be an empty object, or left out').optional();
