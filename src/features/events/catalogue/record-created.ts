import { recordSchema } from '../../records/records.schemas.js';
import type { EventDefinition } from '../domain-event.js';

/** `record.created` */
export const recordCreated: EventDefinition = {
  name: 'record.created',
  version: 1,
  description: 'A record was created; data is the record.',
  data: recordSchema,
};
