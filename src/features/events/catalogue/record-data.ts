import * as z from 'zod';
import { idSchema } from '../../../common/ids.js';

/** What names a record: a user has one. */
export const recordResource = z.object({ user_id: idSchema });

/** A record as events carry it: its user, and whatever else was stored. */
export const recordData = z.looseObject(recordResource.shape);

export type RecordData = z.output<typeof recordData>;
