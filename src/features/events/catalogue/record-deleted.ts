import type { EventDefinition } from '../domain-event.js';
import { type RecordData, recordData, recordResource } from './record-data.js';

/** `record.deleted` */
export const recordDeleted: EventDefinition<RecordData> = {
  name: 'record.deleted',
  version: 1,
  description: 'A record was deleted, by its user or with its user; data is the record as it was.',
  data: recordData,
  resource: recordResource,
};
