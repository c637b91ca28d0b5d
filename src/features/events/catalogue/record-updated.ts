import { recordSchema } from '../../records/records.schemas.js';
import type { EventDefinition } from '../domain-event.js';

/** `record.updated` */
export const recordUpdated: EventDefinition = {
  name: 'record.updated',
  version: 1,
  description: 'An attribute of a record was set; data is the record as it is now.',
  data: recordSchema,
};
