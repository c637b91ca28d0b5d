// What is used of the SDK's client. Imported on first use; named here, so that a bundle leaves out its fifty other commands.
export { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
