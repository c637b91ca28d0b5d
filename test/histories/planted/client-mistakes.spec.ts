import { clientMistakes } from './client-mistakes.js';
import { plantEach } from './plant-each.js';

// Real: two processes’ worth of the service over one DynamoDB. Planted: one mistake at a time, between clients and service. That there is no fault but these is
// shown by store-mistakes.spec.ts.

plantEach(clientMistakes);
