import type { _Record, AttributeValue } from '@aws-sdk/client-dynamodb-streams';
import type { AttributeValue as LambdaAttributeValue, DynamoDBRecord } from 'aws-lambda';

/**
 * A stream's record as Lambda hands it over: https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html
 *
 * @param expired whether TTL removed the item, which the record then says
 */
export function toLambdaRecord({ dynamodb, userIdentity, ...record }: _Record, arn: string, expired: boolean): DynamoDBRecord {
  const identity = expired
    ? { type: 'Service', principalId: 'dynamodb.amazonaws.com' }
    : userIdentity && { type: userIdentity.Type, principalId: userIdentity.PrincipalId };
  const { ApproximateCreationDateTime: time, Keys: keys, NewImage: after, OldImage: before, ...rest } = dynamodb ?? {};
  return {
    ...record,
    eventSourceARN: arn,
    ...(identity && { userIdentity: identity }),
    dynamodb: {
      ...rest,
      ...(time && { ApproximateCreationDateTime: time.getTime() / 1000 }),
      ...(keys && { Keys: toLambdaImage(keys) }),
      ...(after && { NewImage: toLambdaImage(after) }),
      ...(before && { OldImage: toLambdaImage(before) }),
    },
  };
}

function toLambdaImage(image: Readonly<Record<string, AttributeValue>>): Record<string, LambdaAttributeValue> {
  return Object.fromEntries(Object.entries(image).map(([name, value]) => [name, toLambdaValue(value)]));
}

// Events are JSON: binary is base64 text there.
function toLambdaValue(value: AttributeValue): LambdaAttributeValue {
  if (value.B !== undefined) {
    return { B: Buffer.from(value.B).toString('base64') };
  }
  if (value.BS !== undefined) {
    return { BS: value.BS.map((bytes) => Buffer.from(bytes).toString('base64')) };
  }
  if (value.L !== undefined) {
    return { L: value.L.map(toLambdaValue) };
  }
  return value.M === undefined ? (value as LambdaAttributeValue) : { M: toLambdaImage(value.M) };
}
