import type { EventDefinition } from '../domain-event.js';
import { type RecordData, recordData, recordResource } from './record-data.js';

/** `record.updated` */
export const recordUpdated: EventDefinition<RecordData> = {
  name: 'record.updated',
  version: 1,
  description: 'An attribute of a record was set; data is the record as it is now.',
  data: recordData,
  resource: recordResource,
};
