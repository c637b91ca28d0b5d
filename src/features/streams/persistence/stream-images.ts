import type { AttributeValue as SdkAttributeValue } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { AttributeValue } from 'aws-lambda';

/** An image of a stream record, attributes by name, in DynamoDB's typed JSON. */
export type StreamImage = Readonly<Record<string, AttributeValue>>;

/** An image holds what Duet never stores, and JSON cannot carry: sets or binary. */
class UnreadableImageError extends Error {
  override readonly name = 'UnreadableImageError';
}

/**
 * The attributes in an image as plain JSON values; numbers as the document client reads them.
 *
 * @throws UnreadableImageError
 */
export function attributesIn(image: StreamImage): Record<string, unknown> {
  Object.values(image).forEach(assertJsonType);
  return unmarshall(image as Record<string, SdkAttributeValue>, { wrapNumbers: Number });
}

const jsonTypes = new Set(['S', 'N', 'BOOL', 'NULL', 'L', 'M']);

function assertJsonType(value: AttributeValue): void {
  const types = Object.keys(value);
  const foreign = types.find((type) => !jsonTypes.has(type));
  if (types.length !== 1 || foreign !== undefined) {
    throw new UnreadableImageError(`an attribute is of type ${foreign ?? types.join('+')}`);
  }
  value.L?.forEach(assertJsonType);
  Object.values(value.M ?? {}).forEach(assertJsonType);
}
