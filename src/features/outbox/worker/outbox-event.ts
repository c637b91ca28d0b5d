import type { DomainEvent, EventDefinition } from '../../events/domain-event.js';
import { makeEvent } from '../../events/catalogue.js';
import { userDeleted } from '../../events/catalogue/user-deleted.js';
import { userRegistered } from '../../events/catalogue/user-registered.js';
import { userUpdated } from '../../events/catalogue/user-updated.js';
import type { EventKind } from '../outbox.js';
import type { ClaimedRow } from '../outbox.repository.js';

const definitions: Readonly<Record<EventKind, EventDefinition>> = {
  'user.registered': userRegistered,
  'user.updated': userUpdated,
  'user.deleted': userDeleted,
};

/** A row's event, or why it can never have one. The reason names fields, never their values. */
export function outboxEvent({
  id,
  kind,
  payload,
  occurredAt,
}: Pick<ClaimedRow, 'id' | 'kind' | 'payload' | 'occurredAt'>): DomainEvent | { readonly unpublishable: string } {
  if (!Object.hasOwn(definitions, kind)) {
    return { unpublishable: `unknown kind ${kind.slice(0, 100)}` };
  }
  const definition = definitions[kind as EventKind];
  const parsed = definition.data.safeParse(payload);
  return parsed.success
    ? makeEvent(definition, { id, occurredAt, data: parsed.data as object })
    : { unpublishable: `malformed payload: ${parsed.error.issues.map(({ path, code }) => `${path.join('.') || '(whole)'} ${code}`).join(', ')}` };
}
