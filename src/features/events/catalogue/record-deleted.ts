import { recordSchema } from '../../records/records.schemas.js';
import type { EventDefinition } from '../domain-event.js';

/** `record.deleted` */
export const recordDeleted: EventDefinition = {
  name: 'record.deleted',
  version: 1,
  description: 'A record was deleted, by its user or with its user; data is the record as it was.',
  data: recordSchema,
};
