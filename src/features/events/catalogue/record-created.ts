import type { EventDefinition } from '../domain-event.js';
import { type RecordData, recordData, recordResource } from './record-data.js';

/** `record.created` */
export const recordCreated: EventDefinition<RecordData> = {
  name: 'record.created',
  version: 1,
  description: 'A record was created; data is the record.',
  data: recordData,
  resource: recordResource,
};
